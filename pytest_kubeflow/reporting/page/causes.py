"""CauseView: one reason for red tests, with its fix, its evidence and its tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.budget import Budget, Excerpt
from pytest_kubeflow.reporting.page.tests import SectionView, split
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.records.session import Cause
from pytest_kubeflow.reporting.records.tests import TestRecord

_EVIDENCE = 24_000
_SECTIONS = 20
_TESTS = 200


@dataclass(frozen=True, slots=True)
class TestLink:
    """A test elsewhere on the page."""

    __test__ = False

    anchor: str
    path: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause; without a sentence it holds the red tests that no cause explains."""

    anchor: str
    sentence: str
    code: str
    components: str
    fix: Excerpt
    evidence: tuple[SectionView, ...]
    tests: tuple[TestLink, ...]
    count: int


def cause_views(
    causes: Sequence[Cause],
    tests: Sequence[TestRecord],
    anchors: Mapping[str, str],
    budget: Budget,
) -> list[CauseView]:
    """The causes that explain most first, and what none explains last."""
    by_id = {test.nodeid: test for test in tests}
    views = [
        CauseView(
            anchor=cause_anchor(at),
            sentence=short(cause.sentence, 1_000),
            code=short(cause.code, 40),
            components=short(", ".join(cause.components), 200),
            fix=budget.take(cause.fix, 8_000),
            evidence=tuple(
                SectionView(short(section.heading, 120), budget.take(section.text, _EVIDENCE))
                for section in cause.evidence[:_SECTIONS]
                if section.text.strip()
            ),
            tests=test_links(cause.tests, by_id, anchors),
            count=len(cause.tests),
        )
        for at, cause in enumerate(causes)
    ]
    explained = {nodeid for cause in causes for nodeid in cause.tests}
    rest = [test.nodeid for test in tests if test.outcome.is_red and test.nodeid not in explained]
    if rest:
        links = test_links(rest, by_id, anchors)
        views.append(CauseView("cause-none", "", "", "", Excerpt(""), (), links, len(rest)))
    return views


def test_links(
    nodeids: Sequence[str], by_id: Mapping[str, TestRecord], anchors: Mapping[str, str]
) -> tuple[TestLink, ...]:
    """Links to tests by their ids; one that has no place on the page is named without."""
    return tuple(
        TestLink(
            anchors.get(nodeid, ""),
            *split(nodeid),
            short(by_id[nodeid].sentence, 300) if nodeid in by_id else "",
        )
        for nodeid in nodeids[:_TESTS]
    )


test_links.__test__ = False  # type: ignore[attr-defined]  # its name looks like a test to pytest


def cause_anchor(at: int) -> str:
    """That of the cause at this place."""
    return f"cause-{at + 1}"
