from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.local.controllers.conftest import Eventually


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def backend() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_answers_at_its_own_address_and_port(
    core: Any, namespace: str, backend: int, eventually: Eventually
) -> None:
    made = core.create_namespaced_service(
        namespace,
        {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "web", "port": 8888}]}},
    )
    url = f"http://{made.spec.cluster_ip}:8888/"

    def answers() -> bool:
        try:
            return requests.get(url, timeout=5).text == "hello"
        # asyncio of Python 3.11 forgets a connection that it accepts while its server is closed
        # (python/cpython#109564): who asks just then waits in vain.
        except (requests.ConnectionError, requests.Timeout):
            return False

    assert not answers()
    port = {"name": "web", "port": backend}
    subset = {"addresses": [{"ip": "127.0.0.1"}], "ports": [port]}
    core.create_namespaced_endpoints(namespace, {"metadata": {"name": "s"}, "subsets": [subset]})
    eventually(answers)
    core.delete_namespaced_service("s", namespace)
    eventually(lambda: not answers())
