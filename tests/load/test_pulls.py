"""What kubelets say of pulls, read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.load.pulls import go_duration, pulls_of

HOUR, MINUTE = 3600, 60


def go(milliseconds: int) -> str:
    """As Go's Duration.String writes it."""
    if milliseconds == 0:
        return "0s"
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    whole, rest = divmod(milliseconds, 1000)
    hours, minutes, seconds = whole // HOUR, whole % HOUR // MINUTE, whole % MINUTE
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    text = f"{seconds}{fraction}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


@given(st.integers(0, 200 * HOUR * 1000))
def test_each_duration_is_read_back(milliseconds: int) -> None:
    assert go_duration(go(milliseconds)) == pytest.approx(milliseconds / 1000)


@given(st.text("0123456789.smhx- ", max_size=12).map(lambda text: f"{text}d"))
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration as Go writes it"):
        go_duration(text)


def event(message: str, uid: str = "pod-1", reason: str = "Pulled", count: int = 1) -> object:
    return {
        "reason": reason,
        "message": message,
        "count": count,
        "involvedObject": {"kind": "Pod", "uid": uid},
    }


def test_messages_of_all_releases_are_read() -> None:
    events = [
        event('Successfully pulled image "python:3.11" in 1m2.5s'),
        event('Successfully pulled image "python:3.11" in 812ms (1.6s including waiting)'),
        event(
            'Successfully pulled image "python:3.11" in 2s (5.25s including waiting). '
            "Image size: 45 bytes."
        ),
        event('Container image "python:3.11" already present on machine', count=3),
        event(
            'Container image "python:3.11" already present on machine and can be accessed by the '
            "pod"
        ),
        event('Successfully pulled image "x" in 1s', uid="somebody-else"),
        event('Pulling image "x"', reason="Pulling"),
        event("Pulled something of a kind that nobody knows"),
    ]
    found = pulls_of(events, frozenset({"pod-1"}))  # type: ignore[arg-type]
    assert found.seconds == (62.5, 1.6, 5.25)
    assert found.present == 4
