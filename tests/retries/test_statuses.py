"""Which responses are outages, whatever comes."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.retries.statuses import (
    BUSY,
    LONGEST_PAUSE,
    NOT_DONE,
    PAGE_SECONDS,
    is_empty,
    is_whole_json,
    outage_in,
    page_in,
    retry_after,
)

BODIES = st.none() | st.text(max_size=60) | st.binary(max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "retry-after", "Content-Type", "Server"]), st.text(max_size=30)
)


@given(st.integers(100, 599), HEADERS, BODIES)
def test_any_response_has_a_judgement(
    code: int, headers: dict[str, str], body: str | bytes | None
) -> None:
    outage = outage_in(code, headers, body)
    if code in BUSY:
        assert outage is not None
        assert outage.ambiguous is (code not in NOT_DONE)
    elif code == 401:
        assert outage is not None
        assert outage.times == 1
    elif code != 500:
        assert outage is None
    if outage is not None:
        assert outage.kind == str(code)
        assert 0 <= outage.retry_after <= LONGEST_PAUSE
        assert "\n" not in outage.reason
    if not 200 <= code < 300:
        assert page_in(code, {"Content-Type": "text/html"}, body) is None


@given(st.text(max_size=400) | st.integers(0, 10**400).map(str) | st.floats().map(str))
def test_any_retry_after_is_bounded(value: str) -> None:
    pause = retry_after({"Retry-After": value})
    assert math.isfinite(pause)
    assert 0 <= pause <= LONGEST_PAUSE


@given(st.integers(-(10**6), 10**6))
def test_dates(seconds: int) -> None:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    pause = retry_after({"retry-after": format_datetime(at, usegmt=True)})
    assert 0 <= pause <= LONGEST_PAUSE
    if seconds > 2 * LONGEST_PAUSE:
        assert pause == LONGEST_PAUSE
    if seconds < 0:
        assert pause == 0


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ('{"message": "etcdserver: request timed out"}', True),
        ('{"message": "internal error, please try again"}', True),
        ('{"error": "rpc error: code = Unavailable desc = EOF"}', True),
        ('{"error": "InternalServerError: driver: bad connection"}', True),
        ('{"error": "InternalServerError: invalid connection"}', True),
        ('{"message": "dial tcp 10.96.1.2:3306: connect: connection refused"}', False),
        (
            "<Error><Message>Internal error. Please try again.</Message></Error>",
            True,
        ),
        ('{"reason": "ServerTimeout"}', True),
        ('{"message": "failed calling webhook: dial tcp: connection refused"}', False),
        ('{"error": "X has 3 features, 4 were expected"}', False),
        ("500 - no permission to write the log", False),
    ],
)
def test_a_500_may_say_that_it_will_pass(body: str, *, passes: bool) -> None:
    assert (outage_in(500, {}, body) is not None) is passes


@pytest.mark.parametrize(
    "body",
    [
        "",
        b"",
        "Internal Server Error",
        "internal server error\n",
        "500 Internal Server Error",
        '{"error": "Internal Server Error"}',
        '{"detail": "Internal Server Error"}',
        "<html><head><title>500 Internal Server Error</title></head><body><center>"
        "<h1>500 Internal Server Error</h1></center><hr><center>nginx/1.27</center></body></html>",
    ],
)
def test_a_500_without_a_cause_may_pass_soon(body: str | bytes) -> None:
    outage = outage_in(500, {}, body)
    assert outage is not None
    assert outage.within == PAGE_SECONDS
    assert outage.ambiguous


def test_a_500_that_was_not_read_is_final() -> None:
    assert outage_in(500, {}, None) is None


@given(st.dictionaries(st.text(), st.integers()) | st.lists(st.integers()))
def test_json_is_whole_or_not(value: object) -> None:
    text = json.dumps(value)
    assert is_whole_json(f" {text}\n")
    assert is_whole_json(text.encode())
    assert is_empty(text) is (not value)
    assert not is_whole_json(text[:-1])
    assert not is_whole_json("")
    assert is_empty(None)
