"""What the gateway of the embedded cluster adds to a prediction.

`python -m benchmarks.serving_gateway [REQUESTS]`: medians of the same prediction asked of the
predictor directly and through the gateway, in turns, and their difference. The bound is 3 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import requests

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.local.serving.platform import CLASSES, ROWS, Platform

_BOUND_MS = 3.0
_WARM_UP = 50


def timed(ask: Callable[[], requests.Response]) -> float:
    """Milliseconds until the whole answer is there; it must be the right one."""
    began = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - began) * 1000
    assert answer.json() == {"predictions": CLASSES}, answer.text
    return took


def main() -> None:
    """Measure and print; exit code 1 if the gateway takes more than its bound."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with LocalKubeflow() as cluster:
        platform = Platform(cluster.endpoints)
        platform.prepare()
        service = platform.serve()
        service.wait_ready()
        path, body = f"/v1/models/{service.name}:predict", {"instances": ROWS}
        address = service.pods()[0].status.pod_ip
        cookie = f"oauth2_proxy_kubeflow={platform.session}"
        direct, gateway = requests.Session(), requests.Session()
        gateway.headers.update({"Host": service.host, "Cookie": cookie})
        ways: dict[str, Callable[[], requests.Response]] = {
            "direct": lambda: direct.post(f"http://{address}:8080{path}", json=body, timeout=10),
            "gateway": lambda: gateway.post(
                f"{cluster.endpoints.host}{path}", json=body, timeout=10
            ),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(count + _WARM_UP):
            for name, ask in ways.items():
                one = timed(ask)
                if turn >= _WARM_UP:
                    took[name].append(one)
    medians = {name: statistics.median(times) for name, times in took.items()}
    added = medians["gateway"] - medians["direct"]
    for name, median in medians.items():
        print(f"{name:8} {median:6.2f} ms at the median of {count}")
    print(f"{'added':8} {added:6.2f} ms (bound: {_BOUND_MS:g} ms)")
    sys.exit(0 if added <= _BOUND_MS else 1)


if __name__ == "__main__":
    main()
