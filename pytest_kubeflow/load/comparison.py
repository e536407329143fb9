"""What has changed between two loads of as many runs: a ratio for each figure that both have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.load.figures import Figure
from pytest_kubeflow.load.summary import LoadSummary


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure, and that of the time before; None where that had none."""

    now: Figure
    before: Figure | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the earlier 95th percentile; None where there is none, or it was 0."""
        before = self.before
        return self.now.p95 / before.p95 if before is not None and before.p95 > 0 else None


def compare(now: LoadSummary, before: LoadSummary | None) -> Iterator[Compared]:
    """The figures of `now`, in their order."""
    earlier = {one.name: one for one in before.figures} if before is not None else {}
    for one in now.figures:
        yield Compared(one, earlier.get(one.name))
