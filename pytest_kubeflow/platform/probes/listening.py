"""Listening: whether anything answers at the port of a notebook, where its page does not tell."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort
from pytest_kubeflow.platform.backends import is_ready
from pytest_kubeflow.platform.notebook import Notebook, notebooks_of
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.retries.policy import outages_of

PORT = 8888
"""Where the notebook controller's Service leads to."""

_MOST = 5
_SECONDS = 3.0
_REQUEST = b"GET / HTTP/1.0\r\n\r\n"
_REFUSED = "does not answer"


def probe_listening(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """By "namespace/name" of a notebook, why nothing answers in its pod; "" where something does.

    Needs `create pods/portforward`. What listens on the pod's loopback interface alone counts here.
    """
    ready = (one for one in notebooks_of(snapshot) if one.pod is not None and is_ready(one.pod))
    notebooks = list(islice(ready, _MOST))
    found: dict[str, str] = {}
    unseen: list[Unseen] = []
    with outages_of(_SECONDS), ThreadPoolExecutor(_MOST, thread_name_prefix="listening") as pool:
        begun = [(one, pool.submit(copy_context().run, _ask, kubernetes, one)) for one in notebooks]
        for notebook, outcome in begun:
            try:
                found[str(notebook)] = outcome.result()
            except KubeflowError as error:
                unseen.append(Unseen(f"whether Notebook {notebook} listens", error.message))
    observed = Observations(listening=found, requests=len(notebooks))
    return Probed(observed=observed, unseen=tuple(unseen))


def _ask(kubernetes: KubernetesClient, notebook: Notebook) -> str:
    target = PodPort(notebook.namespace, text(notebook.pod, "metadata", "name"), PORT)
    with PortForward.to_pod(kubernetes, target) as forward:
        try:
            with socket.create_connection(forward.address, timeout=_SECONDS) as connection:
                connection.sendall(_REQUEST)
                if connection.recv(1):
                    return ""
        except TimeoutError:
            return ""  # it was taken, and may be slow
        except OSError:
            pass  # the forwarded port says why
        trouble = forward.trouble
    if isinstance(trouble, ClusterUnreachable) and _REFUSED in trouble.message:
        return trouble.message
    return ""
