"""How long a notebook takes from the request to its first executed cell, and many of them at once.

`python -m benchmarks.notebooks [NOTEBOOKS]`: on a warm embedded cluster (the image's environment is
made by a first notebook, which does not count), the median of five notebooks one after another, and
the time in which 20 (or NOTEBOOKS) that are asked for at once have all executed a cell. The bound
is 6 s for one. Exit code 1 if it takes longer, or if one does not compute what it should.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.groups.session import SessionSettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.notebooks.creator import NotebookCreator
from pytest_kubeflow.notebooks.notebook import NotebookAccess
from pytest_kubeflow.redaction import Redactor

_BOUND = 6.0
_ALONE = 5
_NAMESPACE = "kubeflow-user-example-com"


def seconds(cluster: Cluster, number: int) -> float:
    """From the request to the first cell, which computes with `number`."""
    creator = NotebookCreator(NotebookAccess(cluster, _NAMESPACE, timeout=600))
    began = time.perf_counter()
    try:
        made = creator(cpu="0.02", memory="0.1Gi")
        found = made.execute(f"{number} * {number}").result
        took = time.perf_counter() - began
        assert found == str(number * number), found
    finally:
        creator.close()
    return took


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with LocalKubeflow() as running:
        # Twenty servers that start share the cores of this machine: none is given up meanwhile.
        patient = KubeflowConfig(session=SessionSettings(start_timeout=600.0))
        config = with_endpoints(patient, running.endpoints)
        cluster = connect(config, ownership=Ownership("benchmark"), redactor=Redactor())
        first = seconds(cluster, 1)
        alone = statistics.median(seconds(cluster, number) for number in range(2, 2 + _ALONE))
        began = time.perf_counter()
        with ThreadPoolExecutor(count) as pool:
            together = list(
                pool.map(lambda number: seconds(cluster, number), range(100, 100 + count))
            )
        whole = time.perf_counter() - began
        cluster.close()
    print(f"first    {first:6.2f} s")
    print(f"alone    {alone:6.2f} s at the median of {_ALONE} (bound: {_BOUND:g} s)")
    print(f"{count:<3} at once: {min(together):.2f} to {max(together):.2f} s each")
    print(f"         {whole:6.2f} s until all were removed again")
    sys.exit(0 if alone <= _BOUND else 1)


if __name__ == "__main__":
    main()
