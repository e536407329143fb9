"""The proxy hands on what there is, and each fault is what it says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.chaos.conftest import Upstream
from tests.chaos.exchange import UpstreamResponse
from tests.chaos.fault import PAGE, Fault
from tests.chaos.plan import Plan, Rule
from tests.chaos.proxy import ChaosProxy, Pace, chaos

QUICK = Pace(delay=0.05, timeout=0.05, refusing=0.5, retry_after=3)


@pytest.fixture
def proxy() -> Iterator[ChaosProxy]:
    with chaos() as running:
        running.pace = QUICK
        yield running


def with_fault(proxy: ChaosProxy, upstream: Upstream, fault: Fault) -> str:
    """The address of a server whose first request meets it."""
    proxy.begin(Plan(rules=[Rule(fault)]))
    return proxy.listen("server", upstream.url)


def test_requests_and_responses_go_through_as_they_are(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    url = proxy.listen("server", upstream.url)
    body = bytes(range(256)) * 20_000
    response = httpx.post(f"{url}/a%2Fb/%E2%82%AC?x=%20&y", content=body)
    assert (response.status_code, response.content) == (201, body)
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert upstream.asked == [("POST", "/a%2Fb/%E2%82%AC?x=%20&y", body, urlsplit(url).netloc)]
    assert httpx.get(f"{url}/stream").text == "line 0\nline 1\nline 2\n"
    assert httpx.head(f"{url}/").headers["content-length"] == "10"
    assert proxy.plan.log == []


def test_websockets_go_through(proxy: ChaosProxy, upstream: Upstream) -> None:
    url = proxy.listen("server", upstream.url).replace("http", "ws")
    protocol = Subprotocol("v4.channel.k8s.io")
    with connect(f"{url}/websocket", subprotocols=[protocol], proxy=None) as frames:
        assert frames.subprotocol == protocol
        for size in (0, 1, 300_000):
            frames.send(b"x" * size)
            assert frames.recv(timeout=20) == b"x" * size
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{url}/websocket?refused", proxy=None)


@pytest.mark.parametrize("fault", [one for one in Fault if one.status is not None])
def test_the_proxy_answers_itself(proxy: ChaosProxy, upstream: Upstream, fault: Fault) -> None:
    url = with_fault(proxy, upstream, fault)
    response = httpx.post(url, content=b"body")
    assert response.status_code == fault.status
    assert response.headers.get("Retry-After") == (
        "3" if fault is Fault.TOO_MANY_RETRY_AFTER else None
    )
    assert (response.text == PAGE) == (fault is Fault.HTML)
    assert upstream.asked == []
    assert httpx.post(url, content=b"body").content == b"body"


def test_kubernetes_answers_in_its_own_words(proxy: ChaosProxy, upstream: Upstream) -> None:
    proxy.begin(Plan(rules=[Rule(Fault.INTERNAL)]))
    found = httpx.get(proxy.listen("kubernetes", upstream.url)).json()
    assert (found["kind"], found["code"]) == ("Status", 500)


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (Fault.RESET_BEFORE, 0),
        (Fault.RESET_AFTER, 1),
        (Fault.TIMEOUT, 1),
        (Fault.CUT, 1),
        (Fault.REFUSED, 0),
    ],
)
def test_the_connection_ends(
    proxy: ChaosProxy, upstream: Upstream, fault: Fault, asked: int
) -> None:
    url = with_fault(proxy, upstream, fault)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        httpx.post(url, content=b"body")
    assert len(upstream.asked) == asked


def test_connections_are_refused_for_a_moment(proxy: ChaosProxy, upstream: Upstream) -> None:
    url = with_fault(proxy, upstream, Fault.REFUSED)
    with pytest.raises(httpx.ReadError):
        httpx.get(url)
    with pytest.raises(httpx.ConnectError, match="refused"):
        httpx.get(url)
    with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as patient:
        assert patient.get(url).status_code == 201


def test_a_hang_ends_with_the_patience_of_the_client(proxy: ChaosProxy, upstream: Upstream) -> None:
    url = with_fault(proxy, upstream, Fault.HANG)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, timeout=0.3)
    assert len(upstream.asked) == 1


def test_a_request_is_sent_twice(proxy: ChaosProxy, upstream: Upstream) -> None:
    url = with_fault(proxy, upstream, Fault.REPEAT)
    assert httpx.post(url, content=b"body").content == b"body"
    assert [body for _, _, body, _ in upstream.asked] == [b"body", b"body"]


def test_a_delayed_response_comes(proxy: ChaosProxy, upstream: Upstream) -> None:
    assert httpx.get(with_fault(proxy, upstream, Fault.DELAY)).status_code == 201


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.RESET_BEFORE, Fault.RESET_AFTER])
def test_a_handshake_meets_a_fault(proxy: ChaosProxy, upstream: Upstream, fault: Fault) -> None:
    url = with_fault(proxy, upstream, fault).replace("http", "ws")
    with pytest.raises((InvalidStatus, InvalidMessage, OSError)):
        connect(f"{url}/websocket", proxy=None)
    with connect(f"{url}/websocket", proxy=None) as frames:
        frames.send(b"x")
        assert frames.recv(timeout=20) == b"x"


def test_a_websocket_is_cut(proxy: ChaosProxy, upstream: Upstream) -> None:
    url = with_fault(proxy, upstream, Fault.CUT).replace("http", "ws")
    with connect(f"{url}/websocket", proxy=None) as frames, pytest.raises(ConnectionClosedError):
        frames.recv(timeout=20)


def test_a_server_that_is_away_is_a_reset(proxy: ChaosProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        httpx.get(proxy.listen("server", f"http://127.0.0.1:{port}"))


def test_responses_are_altered(proxy: ChaosProxy, upstream: Upstream) -> None:
    class Louder:
        def ask(self, server: str, method: str, path: str, body: bytes) -> bytes:
            return body + f" {server} {method}".encode() if path == "/loud" else body

        def wants(self, server: str, method: str, path: str) -> bool:
            return (server, method, path) == ("server", "POST", "/loud")

        def alter(self, response: UpstreamResponse) -> None:
            response.status, response.body = 202, response.body.upper() + b"!"
            response.headers["X-Loud"] = response.request.decode()

    proxy.begin(Plan(), Louder())
    url = proxy.listen("server", upstream.url)
    loud = httpx.post(f"{url}/loud", content=b"body")
    assert (loud.status_code, loud.content) == (202, b"BODY SERVER POST!")
    assert loud.headers["x-loud"] == "body server POST"
    assert httpx.post(f"{url}/soft", content=b"body").content == b"body"
