"""LoadSummary: what reports and histories keep of one load."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.load.figures import Figure


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """One load of `runs` runs. `stopped` says why it was ended early; empty if it was not.

    `seconds` are from the first submission to the last end, `submitting` of them until all had been
    submitted. `refused` of `requests` got no response, 429 or 5xx. `present` counts containers
    whose image needed no pull.
    """

    runs: int
    submitted: int
    succeeded: int
    seconds: float
    submitting: float
    requests: int
    refused: int
    present: int = 0
    figures: tuple[Figure, ...] = ()
    stopped: str = ""
    """Redacted, as all texts of a record."""

    @property
    def failed(self) -> int:
        """Runs that were submitted and did not succeed."""
        return self.submitted - self.succeeded
