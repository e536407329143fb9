"""FaultView: what was seen to be wrong with the platform, beside the causes of red tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.budget import Budget, Excerpt
from pytest_kubeflow.reporting.page.marks import Mark
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.records.session import SessionRecord

_FAULTS = 200
_MARKS = {
    "broken": Mark("bad", "cross", "broken"),
    "degraded": Mark("warn", "alert", "degraded"),
    "notice": Mark("off", "dash", "notice"),
}
_OTHER = Mark("off", "dash", "finding")


@dataclass(frozen=True, slots=True)
class FaultView:
    """One fault of the catalogue, at one place of the cluster."""

    code: str
    mark: Mark
    component: str
    sentence: str
    fix: Excerpt
    evidence: Excerpt


def fault_views(record: SessionRecord, budget: Budget) -> Iterator[FaultView]:
    """Those that are no cause of red tests, in the record's order: the worst come first."""
    causes = {(cause.code, cause.sentence) for cause in record.causes}
    others = [one for one in record.faults if (one.code, one.sentence) not in causes]
    for fault in others[:_FAULTS]:
        yield FaultView(
            code=short(fault.code, 40),
            mark=_MARKS.get(fault.severity, _OTHER),
            component=short(fault.component, 80),
            sentence=short(fault.sentence, 1_000),
            fix=budget.take(fault.fix, 8_000),
            evidence=budget.take("\n".join(fault.evidence), 8_000),
        )
