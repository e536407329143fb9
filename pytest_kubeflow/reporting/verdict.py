"""The verdict on a cluster: a state, and the sentence that says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_kubeflow.reporting.components import use_of
from pytest_kubeflow.reporting.records.session import (
    Cause,
    Check,
    ComponentResult,
    NotRun,
    State,
    Verdict,
)
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome, TestRecord

RUNNING = "it was running when the session ended"
"""Said of a test in which the session was ended."""

_LISTED = 4
_LEFT = frozenset({Outcome.SKIPPED, Outcome.NOT_RUN})


def verdict_of(
    tests: Sequence[TestRecord],
    *,
    checks: Sequence[Check] = (),
    causes: Sequence[Cause] = (),
    problems: Sequence[str] = (),
    ended_by: str = "",
    interrupted: bool = False,
    is_unfit: bool = False,
) -> Verdict:
    """What a session says of its cluster.

    `interrupted`: it ended before its tests had, by a signal or an error of pytest's own, and not
    since tests failed. `ended_by` says by what it ended early. `is_unfit`: the cluster could not be
    used, whatever was checked.
    """
    components = components_of(tests)
    failed = next((check for check in checks if check.state == "failed"), None)
    if failed is not None:
        message = f"This Kubeflow is not fit to be tested: {failed.name}: {failed.message}"
        return Verdict(State.UNFIT, message, components)
    if is_unfit:
        return Verdict(
            State.UNFIT, f"This Kubeflow is not fit to be tested: {ended_by}", components
        )
    red = [one for one in components if one.failed]
    if interrupted:
        return Verdict(State.INTERRUPTED, _interrupted(tests, red, ended_by), components)
    if red:
        works = any(one.passed for one in components)
        state = State.DEGRADED if works else State.UNFIT
        return Verdict(state, _broken(components, causes), components)
    if problems:
        return Verdict(State.DEGRADED, problems[0], components)
    if not any(one.passed for one in components):
        return Verdict(State.UNTESTED, _untested(tests, ended_by), components)
    return Verdict(State.FIT, _fit(tests), components)


def components_of(tests: Iterable[TestRecord]) -> tuple[ComponentResult, ...]:
    """What is known of each component, in the order of their names."""
    groups: dict[str, list[TestRecord]] = {}
    for test in tests:
        groups.setdefault(test.component, []).append(test)
    return tuple(_component(name, group) for name, group in sorted(groups.items()))


def not_run_of(tests: Iterable[TestRecord]) -> tuple[NotRun, ...]:
    """Why tests did not run, each reason once, the commonest first."""
    groups: dict[tuple[str, str], list[TestRecord]] = {}
    for test in tests:
        if test.outcome in _LEFT:
            # A cause has one reason for all, told with other names perhaps.
            groups.setdefault((test.cause, "" if test.cause else test.sentence), []).append(test)
    found = [
        NotRun(
            reason=group[0].sentence or "no reason given",
            count=len(group),
            cause=cause,
            tests=tuple(test.nodeid for test in group),
        )
        for (cause, _), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.count))


def _component(name: str, tests: Sequence[TestRecord]) -> ComponentResult:
    red = sum(test.outcome.is_red for test in tests)
    left = [test for test in tests if test.outcome in _LEFT]
    expected = sum(test.outcome is Outcome.XFAILED for test in tests)
    passed = len(tests) - red - len(left) - expected
    if red:
        state = State.DEGRADED if passed else State.UNFIT
    else:
        state = State.FIT if passed else State.UNTESTED
    note = Counter(test.sentence for test in left).most_common(1)[0][0] if left else ""
    return ComponentResult(name, state, passed, red, len(left), note, expected)


def _fit(tests: Sequence[TestRecord]) -> str:
    """All 50 tests that ran passed; 1 failed as expected; 10 did not run."""
    left = sum(test.outcome in _LEFT for test in tests)
    expected = _expected(tests)
    passed = len(tests) - left - sum(test.outcome is Outcome.XFAILED for test in tests)
    found = [f"{_all(passed)}{' that ran' if left else ''} passed"]
    if expected:
        found = [f"{passed} tests passed" if passed != 1 else "1 test passed", expected]
    if left:
        found.append(f"{left} did not run")
    return f"{'; '.join(found)}."


def _broken(components: Sequence[ComponentResult], causes: Sequence[Cause]) -> str:
    """Nobody can serve models; volumes fail in part (1 of 3). Fine: access, pipelines."""
    parts = []
    if lost := [one for one in components if one.state is State.UNFIT]:
        uses = [use_of(one.name) for one in lost]
        if all(uses):
            parts.append(f"People cannot {_listed(uses, 'nor')}")
        else:
            parts.append(f"Nothing of {_listed([one.name for one in lost], 'and')} works")
    for one in components:
        if one.state is State.DEGRADED:
            parts.append(f"{one.name}: {one.failed} of {one.failed + one.passed} tests failed")
    message = "; ".join(parts)
    message = f"{message[0].upper()}{message[1:]}."
    if fine := [one.name for one in components if one.state is State.FIT]:
        message += f" Fine: {', '.join(fine)}."
    failures = sum(len(cause.tests) for cause in causes)
    if 0 < len(causes) < failures:
        message += f" {_plural(len(causes), 'cause explains', 'causes explain')} "
        message += f"all {failures} failures."
    elif len(causes) == 1:
        message += f" {causes[0].sentence}"
    return message


def _interrupted(tests: Sequence[TestRecord], red: Sequence[ComponentResult], ended_by: str) -> str:
    modules = [test for test in tests if test.phase == "collect" and test.outcome.is_red]
    tests = [test for test in tests if test.phase != "collect"]
    ran = sum(test.outcome not in _LEFT for test in tests)
    by = f" by {ended_by}" if ended_by else ""
    running = [test.nodeid for test in tests if test.sentence == RUNNING]
    while_ = f" while {_listed(running[:_LISTED], 'and')} ran," if running else ""
    message = f"The session was ended{by}{while_} after {ran} of "
    message += f"{_plural(len(tests), 'test', 'tests')}."
    if modules and not ran:
        first = f"{modules[0].nodeid}: {modules[0].sentence}"
        return f"{message} {_plural(len(modules), 'module', 'modules')} cannot be imported: {first}"
    if not red:
        return f"{message} Nothing had failed by then." if ran else message
    names = _listed([one.name for one in red], "and")
    return f"{message} {sum(one.failed for one in red)} had failed by then ({names})."


def _untested(tests: Sequence[TestRecord], ended_by: str) -> str:
    if not tests:
        return f"No test ran: {ended_by or 'none was selected'}."
    message = "; ".join(f"{one.reason} ({one.count})" for one in not_run_of(tests)[:_LISTED])
    if expected := _expected(tests):
        did_not_run = f"; did not run: {message}" if message else ""
        return f"No test passed: {expected}{did_not_run}."
    return f"No test ran: {message or ended_by}."


def _expected(tests: Sequence[TestRecord]) -> str:
    """3 failed as expected; 2 failed as known."""
    found = [test for test in tests if test.outcome is Outcome.XFAILED]
    known = sum(test.cause == KNOWN for test in found)
    counts = {"expected": len(found) - known, "known": known}
    return "; ".join(f"{count} failed as {what}" for what, count in counts.items() if count)


def _all(count: int) -> str:
    return "The one test" if count == 1 else f"All {count} tests"


def _plural(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _listed(names: Sequence[str], last: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
