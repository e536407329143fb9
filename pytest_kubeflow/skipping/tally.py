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
        self._known: set[str] = set()
        self._collected = 0

    def expect(self, collected: int) -> None:
        """So many tests were collected: those that were not reached did not run either."""
        self._collected = collected

    def add(self, test: str) -> None:
        """A test ran, whatever came of it."""
        self._ran.add(test)
        self._known.discard(test)
        self._skipped.pop(test, None)

    def add_known(self, test: str) -> None:
        """A test ran and failed, as it is known to."""
        self.add(test)
        self._known.add(test)

    def add_skip(self, test: str, *, cause: str, reason: str) -> None:
        """A test, or a module of them, was skipped."""
        if test not in self._ran:
            self._skipped[test] = CAUSES.get(cause, cause) or _short(reason)

    @property
    def ran(self) -> int:
        """How many tests ran."""
        return len(self._ran)

    def sentence(self) -> str:
        """13 of 59 tests did not run: no object store (10), no GPU (3); 2 failed as known.

        Or "" if all ran and none is known to fail.
        """
        known = len(self._ran) + len(self._skipped)
        missed = max(0, self._collected - known)
        reasons = Counter({_MISSED: missed} if missed else {})
        reasons.update(self._skipped.values())
        total = known + missed
        if not reasons:
            return f"{len(self._known)} of {total} tests failed as known" if self._known else ""
        listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        message = f"{reasons.total()} of {total} tests did not run: {listed}"
        return f"{message}; {len(self._known)} failed as known" if self._known else message


def _short(reason: str) -> str:
    """A reason without a cause, so short that several of them fit into a line."""
    text = " ".join(reason.split()).partition(": ")[0] or "no reason given"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
