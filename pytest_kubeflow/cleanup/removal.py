"""Which remnants go, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pytest_kubeflow.cleanup.remnants import COLUMNS, Fate, Remnant
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.sessions.ownership import has_expired, is_ours, living


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be removed: what has expired, or more."""

    everything: bool = False
    """Of living sessions too."""

    sessions: Collection[str] = ()
    """All of these, living or not, and nothing else."""

    dry: bool = False
    """Nothing is removed."""

    def chooses(self, one: Remnant, *, alive: Collection[str], now: float) -> bool:
        """Whether this one goes. What does not have our labels never does."""
        if not is_ours(one.labels):
            return False
        if self.sessions:
            return one.run_id in self.sessions
        if self.everything:
            return True
        return has_expired(one.labels, now=now) and one.run_id not in alive and not one.stays


def clean_up(remnants: Sequence[Remnant], choice: Choice, *, now: float) -> None:
    """Remove what is chosen, and write into each what became of it."""
    alive = living((one.labels for one in remnants), now=now)
    chosen = [one for one in remnants if choice.chooses(one, alive=alive, now=now)]
    for one in remnants:
        one.reason = one.stays
    for one in chosen:
        one.fate = Fate.WOULD_BE_REMOVED if choice.dry else Fate.REMOVED
        one.reason = ""
    if choice.dry:
        return
    gone = [one for one in chosen if not one.is_part and _done(one, one.remove)]
    for one in gone:
        _done(one, one.finish)


def _done(one: Remnant, step: Callable[[], None]) -> bool:
    try:
        step()
    except KubeflowError as error:
        one.fate, one.reason = Fate.FAILED, error.message
        return False
    return True


def table(remnants: Sequence[Remnant], *, now: float) -> list[str]:
    """A line each, below a line of headings; empty without any."""
    if not remnants:
        return []
    rows = [COLUMNS, *(one.cells(now=now) for one in remnants if not one.is_part)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def verdict(remnants: Sequence[Remnant]) -> str:
    """One line: how many there were, and what became of them."""
    remnants = [one for one in remnants if not one.is_part]
    if not remnants:
        return "nothing is left of any session"
    counts = {fate: sum(one.fate is fate for one in remnants) for fate in Fate}
    message = ", ".join(f"{count} {fate.value}" for fate, count in counts.items() if count)
    sessions = len({one.run_id for one in remnants})
    return f"{_plural(len(remnants), 'thing')} of {_plural(sessions, 'session')}: {message}" + (
        " (--kf-cleanup-session=ID or --kf-cleanup-all removes what lives)"
        if counts[Fate.LEFT]
        else ""
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
