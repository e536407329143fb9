"""What did not run, and what was left on the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.causes import TestLink, test_links
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import TestRecord

_MOST = 300


@dataclass(frozen=True, slots=True)
class NotRunView:
    """Why some tests did not run, and what to do about it."""

    reason: str
    count: int
    remedy: str
    tests: tuple[TestLink, ...]


@dataclass(frozen=True, slots=True)
class LeftView:
    """One thing that is still there."""

    kind: str
    name: str
    reason: str
    kept: bool


def not_run_views(
    record: SessionRecord, tests: Sequence[TestRecord], anchors: Mapping[str, str]
) -> list[NotRunView]:
    """Each reason once, with the tests that it is the reason of."""
    by_id = {test.nodeid: test for test in tests}
    return [
        NotRunView(
            reason=short(one.reason, 600),
            count=one.count,
            remedy=_remedy(short(one.cause, 60)),
            tests=test_links(one.tests, by_id, anchors),
        )
        for one in record.not_run[:_MOST]
    ]


def left_views(record: SessionRecord) -> list[LeftView]:
    """What is still there."""
    return [
        LeftView(short(one.kind, 60), short(one.name, 160), short(one.reason, 400), one.kept)
        for one in record.left[:_MOST]
    ]


def made(record: SessionRecord) -> str:
    """Such as "Nothing. 41 objects were made, 41 removed."."""
    made = sum(record.made.values())
    kept = sum(one.kept for one in record.left)
    stuck = len(record.left) - kept
    parts = []
    if stuck:
        parts.append(f"{count(stuck, 'object')} could not be removed.")
    if kept:
        parts.append(f"{count(kept, 'object is', 'objects are')} kept, as was asked for.")
    if not parts:
        parts.append("Nothing.")
    if made:
        was = "was" if made == 1 else "were"
        removed = max(0, made - len(record.left))
        parts.append(f"{count(made, 'object')} {was} made, {removed:,} removed.")
    return " ".join(parts)


def _remedy(cause: str) -> str:
    return f"Is it to be there? --kf-require={cause} makes this red." if cause else ""
