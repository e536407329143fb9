"""Tally: which tests ran and which did not, for the session's last line."""

from __future__ import annotations

from collections import Counter

from pytest_kubeflow.skipping.cause import CAUSES

_LONGEST = 60
_MISSED = "the session ended before them"


class Tally:
    """Counts tests by node id: one that is run again counts once, as it ended last."""

    def __init__(self) -> None:
        self._ran: set[str] = set()
        self._skipped: dict[str, str] = {}
        self._collected = 0

    def expect(self, collected: int) -> None:
        """So many tests were collected: those that were not reached did not run either."""
        self._collected = collected

    def add(self, test: str) -> None:
        """A test ran, whatever came of it."""
        self._ran.add(test)
        self._skipped.pop(test, None)

    def add_skip(self, test: str, *, cause: str, reason: str) -> None:
        """A test, or a module of them, was skipped."""
        if test not in self._ran:
            self._skipped[test] = CAUSES.get(cause, cause) or _short(reason)

    @property
    def ran(self) -> int:
        """How many tests ran."""
        return len(self._ran)

    def sentence(self) -> str:
        """13 of 59 tests did not run: no object store (10), no GPU (3). Or "" if all ran."""
        known = len(self._ran) + len(self._skipped)
        missed = max(0, self._collected - known)
        reasons = Counter({_MISSED: missed} if missed else {})
        reasons.update(self._skipped.values())
        if not reasons:
            return ""
        listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        return f"{reasons.total()} of {known + missed} tests did not run: {listed}"


def _short(reason: str) -> str:
    """A reason without a cause, so short that several of them fit into a line."""
    text = " ".join(reason.split()).partition(": ")[0] or "no reason given"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
