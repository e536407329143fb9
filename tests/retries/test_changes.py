"""What is made or removed through the gateway is, once, though a response is lost."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_kubeflow.access.caller_session import CallerSession
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import NotFound, VolumeError
from pytest_kubeflow.volumes.filebrowser import FileBrowser
from pytest_kubeflow.volumes.webapp import VolumesWebApp
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.reply import ServerReply

from .unreliable import (
    Answer,
    Fault,
    Unreliable,
    UnreliableEndpoint,
    break_after,
    break_before,
    listening,
    page,
    status,
)

JSON = {"Content-Type": "application/json"}
MISSING: Answer = (404, JSON, b'{"success": false, "log": "not found"}')
OF_SUCCESS: Answer = (200, JSON, b'{"success": true, "pvc": {}}')
FAULTS = pytest.mark.parametrize(
    ("fault", "seen"),
    [(break_before, 1), (break_after, 2), (status(503, "no healthy upstream"), 1)],
    ids=["request-lost", "response-lost", "refused-for-now"],
)


class Volumes:
    """A web app with one volume; it counts the requests that change something, by method.

    With `finds_no_viewer` it deletes nothing and says that there is no viewer.
    """

    def __init__(self, *, there: bool = True, finds_no_viewer: bool = False) -> None:
        self.there = there
        self.finds_no_viewer = finds_no_viewer
        self.changes = Counter[str]()

    def __call__(self, method: str, path: str, _body: bytes, _headers: object) -> Answer:
        if method == "GET" and "/api/" not in path:
            return 200, {"Set-Cookie": "XSRF-TOKEN=t; Path=/"}, b"<html></html>"
        if method == "GET":
            return OF_SUCCESS if self.there else MISSING
        self.changes[method] += 1
        if method == "POST":
            if self.there:
                return 409, JSON, b'{"success": false, "log": "already exists"}'
            self.there = True
            return OF_SUCCESS
        if not self.there or self.finds_no_viewer:
            return MISSING
        self.there = False
        return OF_SUCCESS


@FAULTS
def test_a_removal_is_asked_for_again(fault: Fault, seen: int) -> None:
    volumes = Volumes()
    with (
        listening(UnreliableEndpoint(Unreliable(volumes))) as endpoint,
        endpoint.every_first(fault, of=of_changes),
    ):
        app(endpoint).delete("ns", "v")
    assert not volumes.there
    assert volumes.changes == {"DELETE": seen}


def test_what_was_not_there_is_told() -> None:
    with (
        listening(UnreliableEndpoint(Unreliable(Volumes(there=False)))) as endpoint,
        pytest.raises(NotFound),
    ):
        app(endpoint).delete("ns", "v")


def test_what_is_still_there_was_not_removed() -> None:
    """Some apps say 404 of something else than what was to be removed."""
    volumes = Volumes(finds_no_viewer=True)
    with (
        listening(UnreliableEndpoint(Unreliable(volumes))) as endpoint,
        endpoint.every_first(break_after, of=of_changes),
        pytest.raises(NotFound),
    ):
        app(endpoint).delete("ns", "v")
    assert volumes.there


@pytest.mark.parametrize(
    "fault",
    [break_before, break_after, status(500, "Internal Server Error"), status(504, "time-out")],
    ids=["request-lost", "response-lost", "500", "504"],
)
def test_a_creation_is_asked_for_again_unless_it_was_done(fault: Fault) -> None:
    volumes = Volumes(there=False)
    with (
        listening(UnreliableEndpoint(Unreliable(volumes))) as endpoint,
        endpoint.every_first(fault, of=of_changes),
    ):
        app(endpoint).create("ns", "v", size="1Gi")
    assert volumes.there
    assert volumes.changes == {"POST": 1}


@pytest.mark.parametrize("fault", [break_before, page], ids=["lost", "page"])
def test_another_page_in_place_of_the_apps_own_is_not_believed(fault: Fault) -> None:
    """The app's page sets the cookie without which nothing can be changed."""
    volumes = Volumes(there=False)
    with (
        listening(UnreliableEndpoint(Unreliable(volumes))) as endpoint,
        endpoint.every_first(fault),
    ):
        app(endpoint).create("ns", "v", size="1Gi")
    assert volumes.there


def test_a_name_that_is_taken_is_told() -> None:
    with (
        listening(UnreliableEndpoint(Unreliable(Volumes()))) as endpoint,
        pytest.raises(VolumeError, match="already"),
    ):
        app(endpoint).create("ns", "v", size="1Gi")


def of_changes(method: str, _path: str) -> bool:
    return method != "GET"


def app(endpoint: UnreliableEndpoint) -> VolumesWebApp:
    return VolumesWebApp(f"http://127.0.0.1:{endpoint.port}", gateway_session(GatewaySettings()))


class Files:
    """A file browser with what was written to it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.writes = 0

    def __call__(self, method: str, path: str, body: bytes, _headers: object) -> Answer:
        place, _, query = path.partition("?")
        name = place.rpartition("/")[2]
        if place.endswith("/api/login"):
            return 200, {}, b"a.b.c"
        if method == "GET":
            content = self.files.get(name)
            return (404, {}, b"404 Not Found") if content is None else (200, {}, content)
        self.writes += 1
        if name in self.files and query != "override=true":
            return 409, {}, b"409 Conflict"
        self.files[name] = body
        return 200, {}, b""


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize(
    "fault",
    [break_before, break_after, status(502, "Bad Gateway")],
    ids=["request-lost", "response-lost", "502"],
)
def test_a_file_is_written_once_or_over_itself(fault: Fault, *, override: bool) -> None:
    files = Files()
    with (
        listening(UnreliableEndpoint(Unreliable(files))) as endpoint,
        endpoint.every_first(fault, of=of_changes),
    ):
        browser(endpoint).write("a.csv", "1,2", override=override)
    assert files.files == {"a.csv": b"1,2"}


@pytest.mark.parametrize(
    "fault", [break_before, page, status(502, "Bad Gateway")], ids=["lost", "page", "502"]
)
def test_a_file_is_read_and_no_page_in_its_place(fault: Fault) -> None:
    """As a sign-in page, or another proxy on the way shows one."""
    files = Files()
    files.files["a.csv"] = b"1,2"
    with listening(UnreliableEndpoint(Unreliable(files))) as endpoint, endpoint.every_first(fault):
        assert browser(endpoint).read("a.csv") == b"1,2"


@pytest.mark.parametrize("fault", [break_before, break_after], ids=["lost", "response-lost"])
def test_the_first_response_of_a_server_that_starts_counts(fault: Fault) -> None:
    def starting(*_: object) -> Answer:
        return 503, {"Content-Type": "text/plain"}, b"no healthy upstream"

    session = gateway_session(GatewaySettings(), patient=False)
    server = Unreliable(starting)
    with listening(UnreliableEndpoint(server)) as endpoint, endpoint.every_first(fault):
        reply = ServerReply.of(session, f"http://127.0.0.1:{endpoint.port}/notebook/a/b/api/status")
    assert str(reply) == "503 (text/plain): no healthy upstream"


def test_a_file_that_is_there_is_left_as_it_is() -> None:
    files = Files()
    files.files["a.csv"] = b"theirs"
    with (
        listening(UnreliableEndpoint(Unreliable(files))) as endpoint,
        endpoint.every_first(break_after, of=of_changes),
        pytest.raises(ServerRefused) as found,
    ):
        browser(endpoint).write("a.csv", "1,2")
    assert found.value.status == 409
    assert files.files == {"a.csv": b"theirs"}


@pytest.mark.parametrize(
    "fault", [break_before, break_after, page, status(504, "upstream request timeout")]
)
def test_what_has_to_be_refused_is_asked_for_again(fault: Fault) -> None:
    """Whatever its method: whoever is allowed is so the second time, too."""
    refuses = Unreliable(lambda *_: (403, JSON, b'{"error": "RBAC: access denied"}'))
    with (
        listening(UnreliableEndpoint(refuses)) as endpoint,
        endpoint.every_first(fault, of=of_changes),
    ):
        url = f"http://127.0.0.1:{endpoint.port}"
        caller = CallerSession("somebody", url, gateway_session(GatewaySettings()))
        reply = caller.send("POST", "/volumes/api", body={"name": "a"}, safe=True)
    assert reply.is_refusal


def browser(endpoint: UnreliableEndpoint) -> FileBrowser:
    return FileBrowser(
        f"http://127.0.0.1:{endpoint.port}/files", gateway_session(GatewaySettings())
    )
