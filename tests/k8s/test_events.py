"""What events say of pods that cannot be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_kubeflow.k8s.events import last_refusal

_BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def event(reason: str, second: int, message: str = "words") -> Any:
    return SimpleNamespace(
        reason=reason, message=message, last_timestamp=_BEGIN + timedelta(seconds=second)
    )


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], ""),
        ([("FailedCreate", 1)], "words"),
        ([("SuccessfulCreate", 0), ("SuccessfulDelete", 1), ("FailedCreate", 2)], "words"),
        # It was made later, and was deleted since: what is said for an hour has passed.
        ([("FailedCreate", 1), ("SuccessfulCreate", 2), ("SuccessfulDelete", 3)], ""),
        # Events have whole seconds, and those of one second no order.
        ([("FailedCreate", 1), ("SuccessfulCreate", 1)], ""),
        ([("SuccessfulCreate", 1), ("FailedCreate", 1)], ""),
    ],
)
def test_a_refusal_counts_until_a_pod_was_made(events: list[tuple[str, int]], message: str) -> None:
    assert last_refusal([event(*one) for one in events]) == message
