"""The spawner: the small process from which every process of the embedded cluster is forked.

A server with threads and an event loop must not fork, and cannot clean up after its own kill -9.
So a guard process, started first, holds a PID namespace (and for ordinary users a user namespace)
in which everything runs; when the server ends, it kills them all and removes the state directory.
No container engine is used: none is there on the machines that this is for, and a namespace costs
milliseconds (bubblewrap, the other candidate, leaves mount points on the host when run as root).

`client.py` is the server's side, `spec.py` says what can be started, `inside/` is what runs in
the spawner's own processes. It knows nothing of pods.
"""

from pytest_kubeflow.local.spawner.client import Process, Spawner, SpawnerError, SpawnError
from pytest_kubeflow.local.spawner.spec import (
    Container,
    ExitStatus,
    Identity,
    Mount,
    ProcessSpec,
)

__all__ = [
    "Container",
    "ExitStatus",
    "Identity",
    "Mount",
    "Process",
    "ProcessSpec",
    "SpawnError",
    "Spawner",
    "SpawnerError",
]
