"""Backoff: how long a Job waits after failures before it makes pods again.

Rules: kubernetes/kubernetes pkg/controller/job/backoff_utils.go. The first wait doubles with each
failure since the last success.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pytest_kubeflow.local.controllers.job.pods import all_failures, finished_at
from pytest_kubeflow.local.controllers.job.tally import Tally
from pytest_kubeflow.local.kube.client import Object

_LONGEST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Failures of one Job since its last success; `first` is the first wait in seconds."""

    first: float
    failures: int = 0
    last: datetime | None = None

    def after(self, tally: Tally) -> Backoff:
        """With the pods that have ended since."""
        ends = sorted(map(finished_at, tally.new_failed))
        if tally.new_succeeded:
            success = max(map(finished_at, tally.new_succeeded))
            ends = [end for end in ends if end > success]
            return replace(self, failures=len(ends), last=ends[-1] if ends else None)
        if not ends:
            return self
        return replace(self, failures=self.failures + len(ends), last=ends[-1])

    def remaining(self) -> float:
        """Seconds to wait from now on."""
        return _remaining(self.first, self.failures, self.last)

    def remaining_of(self, replaced: Object | None) -> float:
        """Where each index has a backoff of its own: by the pod that is to be replaced."""
        if replaced is None:
            return 0.0
        return _remaining(self.first, all_failures(replaced) + 1, finished_at(replaced))


def _remaining(first: float, failures: int, last: datetime | None) -> float:
    if not failures or last is None:
        return 0.0
    wait: float = min(first * 2 ** min(failures - 1, 32), _LONGEST_SECONDS)
    return max(0.0, wait - (datetime.now(UTC) - last).total_seconds())
