"""What a forwarded port carries, against the pod's own address.

`python -m benchmarks.port_forward [MEGABYTES]`: the same download and upload, directly and through
the port, in turns: megabytes a second at the median of three, and their ratio. The embedded API
server and kubelet, which a real cluster has in Go, are on the way. The bound is 10 s for 100 MB.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from tests.cluster.remote import serving
from tests.k8s.test_forwarded_streams import MB, begin, piece, rest, running

_ROUNDS = 3
_BOUND_SECONDS = 10.0


def down(address: tuple[str, int], size: int) -> None:
    """Take `size` bytes."""
    with closing(begin(address, f"send {size}")) as connection:
        assert len(rest(connection)) == size


def up(address: tuple[str, int], size: int) -> None:
    """Give `size` bytes, and wait until the pod has them."""
    data = piece(size)
    with closing(begin(address, f"digest {size}")) as connection:
        connection.sendall(data)
        assert len(rest(connection)) == 64


def timed(do: Callable[[], None]) -> float:
    """Seconds."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print; exit code 1 if 100 MB take more than the bound."""
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 100) * MB
    slowest = 0.0
    with serving(multi_user=True) as remote:
        kubernetes = KubernetesClient(remote.endpoints.kubeconfig)
        with running(kubernetes) as pod, PortForward.to_pod(kubernetes, pod) as forward:
            found = kubernetes.core.read_namespaced_pod(pod.pod, pod.namespace)
            ways = {"direct": (found.status.pod_ip, pod.port), "forwarded": forward.address}
            for name, work in (("down", down), ("up", up)):
                took: dict[str, list[float]] = {way: [] for way in ways}
                for _ in range(_ROUNDS):
                    for way, address in ways.items():
                        took[way].append(timed(lambda w=work, a=address: w(a, size)))  # type: ignore[misc]
                medians = {way: statistics.median(times) for way, times in took.items()}
                for way, seconds in medians.items():
                    print(f"{name:5} {way:10} {size / MB / seconds:8.1f} MB/s")
                ratio = medians["forwarded"] / medians["direct"]
                print(f"{name:5} {'ratio':10} {ratio:8.2f} times the direct way's time")
                slowest = max(slowest, medians["forwarded"] * 100 * MB / size)
        kubernetes.close()
    print(f"100 MB in {slowest:.2f} s, {slowest / _BOUND_SECONDS:.2f} of the bound")
    sys.exit(0 if slowest <= _BOUND_SECONDS else 1)


if __name__ == "__main__":
    main()
