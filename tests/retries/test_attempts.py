"""Whoever measures a server is told each request that was sent to it, as it was answered."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_kubeflow.retries.attempts import Attempt
from pytest_kubeflow.retries.policy import RetryPolicy


class RefusalError(Exception):
    """A response with a status, as SDKs raise it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def refuse(error: Exception) -> None:
    raise error


def test_each_request_is_told_with_its_status() -> None:
    policy, seen = RetryPolicy("here"), list[Attempt]()
    assert policy.watched("GET", "/a", lambda: 1) == 1  # nobody looks on
    policy.observer = seen.append
    response = SimpleNamespace(status=201)
    assert policy.watched("POST", "/b", lambda: response) is response
    for error in (RefusalError(503), RefusalError(404), ConnectionResetError("gone")):
        with pytest.raises(type(error)):
            policy.watched("GET", "/c", lambda error=error: refuse(error))  # type: ignore[misc]
    assert [(one.client, one.method, one.url, one.status) for one in seen] == [
        ("here", "POST", "/b", 201),
        ("here", "GET", "/c", 503),
        ("here", "GET", "/c", 404),
        ("here", "GET", "/c", 0),
    ]
    assert [one.is_refused for one in seen] == [False, True, False, True]
    assert all(one.seconds >= 0 for one in seen)


def test_what_is_asked_again_is_told_again() -> None:
    policy, seen = RetryPolicy("here"), list[Attempt]()
    policy.observer = seen.append
    left = [ConnectionResetError("gone"), ConnectionResetError("gone")]

    def once() -> str:
        if left:
            raise left.pop()
        return "there"

    assert policy.repeat(lambda: policy.watched("GET", "/a", once)) == "there"
    assert [one.status for one in seen] == [0, 0, 200]
