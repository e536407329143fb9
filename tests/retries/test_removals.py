"""What is removed through the gateway is removed once, though a response is lost."""

from __future__ import annotations

import pytest

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.volumes.webapp import VolumesWebApp

from .unreliable import (
    Answer,
    Fault,
    Unreliable,
    Way,
    break_after,
    break_before,
    listening,
    status,
)

JSON = {"Content-Type": "application/json"}


class Volumes:
    """A web app with one volume; `deletions` counts the requests for its end that it saw."""

    def __init__(self) -> None:
        self.there = True
        self.deletions = 0

    def __call__(self, method: str, _path: str, _body: bytes, _headers: object) -> Answer:
        if method == "GET":
            return 200, {"Set-Cookie": "XSRF-TOKEN=t; Path=/"}, b"<html></html>"
        self.deletions += 1
        if not self.there:
            return 404, JSON, b'{"success": false, "log": "not found"}'
        self.there = False
        return 200, JSON, b'{"success": true}'


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(break_before, 1), (break_after, 2), (status(503, "no healthy upstream"), 1)],
    ids=["request-lost", "response-lost", "refused-for-now"],
)
def test_a_lost_response_is_asked_for_again(fault: Fault, seen: int) -> None:
    volumes = Volumes()
    with listening(Way(Unreliable(volumes))) as way, way.every_first(fault, of=of_removals):
        app(way).delete("ns", "v")
    assert not volumes.there
    assert volumes.deletions == seen


def test_what_was_not_there_is_told() -> None:
    volumes = Volumes()
    volumes.there = False
    with listening(Way(Unreliable(volumes))) as way, pytest.raises(NotFound):
        app(way).delete("ns", "v")


def of_removals(method: str, _path: str) -> bool:
    return method == "DELETE"


def app(way: Way) -> VolumesWebApp:
    return VolumesWebApp(f"http://127.0.0.1:{way.port}", gateway_session(GatewaySettings()))
