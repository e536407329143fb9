"""How long calls are repeated, without an API server."""

from __future__ import annotations

import socket
import ssl
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.client import ApiException
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
)

from pytest_kubeflow.k8s.retry_policy import ApiOutage, api_outage, kubernetes_policy
from pytest_kubeflow.retries.statuses import LONGEST_PAUSE
from pytest_kubeflow.waiting import Deadline, bounded_by

POOL, HOST = None, "kf.example"


def answered(code: int, body: str = "", **headers: str) -> ApiException:
    error = ApiException(status=code, reason="Reason")
    error.body, error.headers = body, headers
    return error


def refused() -> MaxRetryError:
    connection = NewConnectionError(POOL, "refused")  # type: ignore[arg-type]
    connection.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return MaxRetryError(POOL, "/", connection)  # type: ignore[arg-type]


def tls(inner: ssl.SSLError) -> ApiException:
    """As the official client raises it."""
    try:
        try:
            raise inner
        except ssl.SSLError:
            raise ApiException(status=0, reason="SSLError")  # noqa: B904  so does it
    except ApiException as error:
        return error


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (refused(), False),
        (ConnectTimeoutError(), False),
        (ConnectionRefusedError(111, "Connection refused"), False),
        (ReadTimeoutError(POOL, "/", "timed out"), True),  # type: ignore[arg-type]
        (ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")), True),
        (ConnectionResetError(104, "Connection reset by peer"), True),
        (tls(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")), True),
        (ProxyError("Unable to connect", OSError("Tunnel connection failed: 503 no")), True),
        (answered(429, '{"message": "too many"}'), False),
        (answered(502), True),
        (answered(503), True),
        (answered(504), True),
        (answered(500, '{"message": "etcdserver: leader changed"}'), True),
        (answered(500, '{"message": "etcdserver: request timed out"}'), True),
        (answered(500, '{"message": "rpc error: code = Unavailable desc = EOF"}'), True),
        (answered(500, '{"reason": "ServerTimeout"}'), True),
        (answered(500, **{"Retry-After": "1"}), True),
        (answered(409, '{"reason": "Conflict", "details": {"kind": "resourcequotas"}}'), False),
    ],
)
def test_what_is_asked_again(error: Exception, *, ambiguous: bool) -> None:
    outage = api_outage(error)
    assert outage is not None
    assert outage.ambiguous is ambiguous
    assert outage.reason
    assert "\n" not in outage.reason


@pytest.mark.parametrize(
    "error",
    [
        *(answered(code) for code in (400, 403, 404, 405, 406, 409, 410, 413, 415, 422, 500)),
        answered(500, '{"message": "failed calling webhook \\"x\\": connection refused"}'),
        answered(409, '{"reason": "AlreadyExists", "details": {"kind": "pods"}}'),
        answered(200, "no JSON where some was promised"),
        NameResolutionError(HOST, POOL, socket.gaierror(-2, "unknown")),  # type: ignore[arg-type]
        socket.gaierror(-3, "Temporary failure in name resolution"),
        tls(ssl.SSLCertVerificationError(1, "certificate verify failed")),
        tls(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")),
        ProxyError("Unable to connect", OSError("Tunnel connection failed: 407 who are you")),
        LocationParseError("http://[x"),
        FileNotFoundError(2, "No such file", "client.crt"),
        ValueError("a mistake"),
        KeyboardInterrupt(),
    ],
)
def test_what_is_final(error: BaseException) -> None:
    assert api_outage(error) is None


@given(st.integers(0, 10_000))
def test_seconds_of_retry_after(seconds: int) -> None:
    outage = api_outage(answered(429, **{"retry-after": str(seconds)}))
    assert outage is not None
    assert outage.retry_after == min(seconds, LONGEST_PAUSE)


@given(st.text(max_size=40))
def test_any_retry_after_is_harmless(text: str) -> None:
    outage = api_outage(answered(503, **{"Retry-After": text}))
    assert outage is not None
    assert 0 <= outage.retry_after <= LONGEST_PAUSE


def test_interrupts_pass_at_once() -> None:
    attempts = []

    def attempt() -> NoReturn:
        attempts.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kubernetes_policy().repeat(attempt)
    assert attempts == [1]


def test_retry_after_beyond_the_deadline_is_cut_short() -> None:
    attempts = []

    def attempt() -> NoReturn:
        attempts.append(1)
        raise answered(429, '{"message": "slow down"}', **{"Retry-After": "3600"})

    with (
        bounded_by(Deadline.after(0.2)),
        pytest.raises(ApiOutage, match="does not answer: it answers 429: slow down"),
    ):
        kubernetes_policy().repeat(attempt)
    assert len(attempts) == 2


def test_the_callers_deadline_is_no_verdict_on_the_api() -> None:
    """Only the policy's own time makes the calls after it impatient."""
    policy = kubernetes_policy(60)
    with bounded_by(Deadline.after(0)), pytest.raises(ApiOutage):
        policy.repeat(lambda: (_ for _ in ()).throw(refused()))
    outcomes: list[Exception | None] = [refused(), refused(), None]

    def attempt() -> str:
        if (error := outcomes.pop(0)) is not None:
            raise error
        return "there"

    assert policy.repeat(attempt) == "there"
