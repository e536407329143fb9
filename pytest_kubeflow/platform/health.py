"""Health: all findings of a snapshot, and one sentence for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.causality import without_consequences
from pytest_kubeflow.platform.checks import CHECKS
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding, by_weight, counted
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen


@dataclass(frozen=True)
class Health:
    """What the checks have found on one cluster, the worst first."""

    findings: Sequence[Finding]
    unseen: Sequence[Unseen]
    snapshot: Snapshot
    lacking: str = ""
    """Why the gateway was not entered; "" if it was."""

    @property
    def whole(self) -> bool:
        """Whether nothing of what was looked at is broken, and the gateway lets us in."""
        seen = bool(self.snapshot.objects) and not self.lacking
        return seen and not self.fails_on(Severity.BROKEN)

    def fails_on(self, severity: Severity) -> bool:
        """Whether anything found is of this severity or worse."""
        return any(one.severity.weight <= severity.weight for one in self.findings)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not self.snapshot.objects and not self.findings:
            return "nothing of the platform could be looked at"
        if self.fails_on(Severity.BROKEN):
            sentence = "the platform is broken"
        elif self.lacking:
            sentence = "the gateway was not entered, and nothing broken is seen past it"
        else:
            sentence = "the platform is whole"
        if self.findings:
            sentence += f": {counted(self.findings)}"
        return sentence + (f"; {len(self.unseen)} not looked at" if self.unseen else "")


def health_of(snapshot: Snapshot) -> Health:
    """Run every check on a snapshot."""
    found = without_consequences(
        finding for check in CHECKS.values() for finding in check(snapshot)
    )
    return Health(sorted(found, key=by_weight), tuple(snapshot.unseen), snapshot)
