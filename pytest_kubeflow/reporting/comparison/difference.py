"""Difference: what changed from one session to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.reporting.records.session import Leftover, SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord

SLOWER_BY = 2.0
SLOWER_BY_SECONDS = 5.0
"""A test is slower if it took more than this many times as long, and this many seconds more."""

_BADNESS = {
    State.FIT: 0,
    State.DEGRADED: 1,
    State.UNFIT: 2,
    # What is not known is no better than what is known to be broken.
    State.UNTESTED: 3,
    State.INTERRUPTED: 3,
}
_GREEN = frozenset({Outcome.PASSED, Outcome.XFAILED, Outcome.XPASSED})
_NOT_RUN = frozenset({Outcome.SKIPPED, Outcome.NOT_RUN})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was. `is_worse` is None if it is neither worse nor better."""

    what: str
    before: str = ""
    after: str = ""
    note: str = ""
    is_worse: bool | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, under headings; those without any are left out."""

    changes: Mapping[str, tuple[Change, ...]]

    @property
    def is_worse(self) -> bool:
        """Whether anything is worse than before."""
        return any(one.is_worse for several in self.changes.values() for one in several)


def difference(before: SessionRecord, after: SessionRecord) -> Difference:
    """What changed between two sessions."""
    found = {
        "verdict": tuple(_verdict(before, after)),
        "components": tuple(_components(before, after)),
        "tests": tuple(_tests(before, after)),
        "durations": tuple(_durations(before, after)),
        "left behind": tuple(_left(before, after)),
        "versions": tuple(_facts(before.versions, after.versions)),
        "cluster": tuple(_facts(_cluster(before), _cluster(after))),
    }
    return Difference({heading: several for heading, several in found.items() if several})


def _verdict(before: SessionRecord, after: SessionRecord) -> Iterator[Change]:
    yield from _state("", before.verdict.state, after.verdict.state, after.verdict.sentence)
    for problem in after.problems:
        if problem not in before.problems:
            yield Change(problem, after="new", is_worse=True)


def _state(what: str, before: State, after: State, note: str = "") -> Iterator[Change]:
    if before is after:
        return
    worse = _BADNESS[after] - _BADNESS[before]
    yield Change(what, before.value, after.value, note, worse > 0 if worse else None)


def _components(before: SessionRecord, after: SessionRecord) -> Iterator[Change]:
    states = [{one.name: one for one in each.verdict.components} for each in (before, after)]
    for name in dict.fromkeys([*states[0], *states[1]]):
        old, new = (each.get(name) for each in states)
        if old and new:
            yield from _state(name, old.state, new.state, new.note)
        elif old:
            yield Change(name, old.state.value, "gone", is_worse=True)
        elif new:
            yield Change(name, "new", new.state.value, is_worse=_is_bad(new.state))


def _is_bad(state: State) -> bool | None:
    return True if state in {State.DEGRADED, State.UNFIT} else None


def _tests(before: SessionRecord, after: SessionRecord) -> Iterator[Change]:
    """Worst first: red, not run any more, gone; then what is green again, and what is new."""
    old, new = ({test.nodeid: test for test in each.tests} for each in (before, after))
    found = [
        change
        for nodeid in dict.fromkeys([*old, *new])
        if (change := _test(nodeid, old.get(nodeid), new.get(nodeid)))
    ]
    yield from sorted(found, key=lambda one: {True: 0, False: 1, None: 2}[one.is_worse])


def _test(nodeid: str, old: TestRecord | None, new: TestRecord | None) -> Change | None:
    if new is None:
        # What is not tested any more was worth something only while it was.
        was = old.outcome if old else Outcome.NOT_RUN
        return Change(nodeid, was.value, "gone", is_worse=True if was in _GREEN else None)
    if old is None:
        note = new.sentence if new.outcome not in _GREEN else ""
        return Change(nodeid, "new", new.outcome.value, note, True if new.outcome.is_red else None)
    if old.outcome is new.outcome:
        return None
    return Change(nodeid, old.outcome.value, new.outcome.value, new.sentence, _worse(old, new))


def _worse(old: TestRecord, new: TestRecord) -> bool | None:
    if new.outcome.is_red:
        return None if old.outcome.is_red else True
    if new.outcome in _NOT_RUN:
        return True if old.outcome in _GREEN else None
    return None if old.outcome in _GREEN else False


def _durations(before: SessionRecord, after: SessionRecord) -> Iterator[Change]:
    """Of tests that passed both times."""
    old = {test.nodeid: test for test in before.tests if test.outcome is Outcome.PASSED}
    found = []
    for test in after.tests:
        was = old.get(test.nodeid)
        if was is None or test.outcome is not Outcome.PASSED:
            continue
        short, long = sorted([was.seconds, test.seconds])
        if long > SLOWER_BY * short and long - short > SLOWER_BY_SECONDS:
            change = Change(
                test.nodeid,
                f"{was.seconds:.1f} s",
                f"{test.seconds:.1f} s",
                is_worse=test.seconds > was.seconds,
            )
            found.append((was.seconds - test.seconds, change))
    yield from (change for _, change in sorted(found, key=lambda one: one[0]))


def _left(before: SessionRecord, after: SessionRecord) -> Iterator[Change]:
    """By kind: names are another session's. What was kept as asked is left by no fault."""
    old, new = (_kinds(each.left) for each in (before, after))
    for kind in dict.fromkeys([*old, *new]):
        one, other = len(old.get(kind, ())), len(new.get(kind, ()))
        if one != other:
            names = ", ".join(new.get(kind, ()))
            yield Change(kind, str(one), str(other), names, other > one)


def _kinds(left: tuple[Leftover, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in left:
        if not one.kept:
            found.setdefault(one.kind, []).append(one.name)
    return found


def _cluster(record: SessionRecord) -> dict[str, str]:
    own = {"gateway": record.gateway, "target": record.target, "user": record.user}
    return {**{name: found for name, found in own.items() if found}, **record.facts}


def _facts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Change(name, old or "not known", new or "not known")
