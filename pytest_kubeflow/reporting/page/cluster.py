"""What is known of the cluster: its components, the checks of the preflight, facts, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.links import lasts
from pytest_kubeflow.reporting.page.marks import VERDICTS, Mark, check_mark
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count, duration
from pytest_kubeflow.reporting.records.session import (
    Check,
    ComponentResult,
    SessionRecord,
    State,
)

_MOST = 300
_FACTS = 80
_WORDS = {
    State.FIT: "works",
    State.DEGRADED: "fails in part",
    State.UNFIT: "fails",
    State.INTERRUPTED: "interrupted",
    State.UNTESTED: "not tested",
}


@dataclass(frozen=True, slots=True)
class ComponentView:
    """One component: its state, how many of its tests passed, and why it was not tested."""

    name: str
    mark: Mark
    message: str
    note: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """A line of the preflight."""

    name: str
    mark: Mark
    message: str
    fix: str
    took: str


@dataclass(frozen=True, slots=True)
class ClusterView:
    """All of it. `link` is the gateway's address if that can be followed."""

    gateway: str
    link: str
    components: tuple[ComponentView, ...]
    checks: tuple[CheckView, ...]
    facts: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def failed(self) -> tuple[CheckView, ...]:
        """The checks that make it unfit."""
        return tuple(check for check in self.checks if check.mark.word == "failed")


def cluster_view(record: SessionRecord) -> ClusterView:
    """That of a session."""
    return ClusterView(
        gateway=short(record.gateway, 300),
        link=record.gateway if lasts(record.gateway) else "",
        components=tuple(
            _component(one)
            for one in sorted(record.verdict.components, key=lambda one: not one.failed)[:_MOST]
        ),
        checks=tuple(_check(check) for check in record.checks[:_MOST]),
        facts=_pairs(record.facts),
        versions=_pairs(record.versions),
    )


def _component(one: ComponentResult) -> ComponentView:
    mark = VERDICTS[one.state]
    ran = one.passed + one.failed
    parts = [f"{one.passed} of {ran} passed"] if ran else []
    if one.xfailed:
        parts.append(f"{one.xfailed} failed as expected")
    if one.not_run:
        parts.append(f"{one.not_run if ran else count(one.not_run, 'test')} did not run")
    message = ", ".join(parts) or "no test ran"
    note = short(one.note, 160) if one.not_run else ""
    return ComponentView(
        short(one.name, 60), Mark(mark.kind, mark.icon, _WORDS[one.state]), message, note
    )


def _check(check: Check) -> CheckView:
    return CheckView(
        name=short(check.name, 120),
        mark=check_mark(check.state),
        message=short(check.message, 1_000),
        fix=check.fix[:4_000].strip(),
        took=duration(check.seconds) if check.seconds else "",
    )


def _pairs(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (short(name, 80), short(value, 600)) for name, value in list(values.items())[:_FACTS]
    )
