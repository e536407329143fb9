"""Sessions that no cluster has: a green one, a red one, an unfit one, an interrupted one, any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry
from pytest_kubeflow.reporting.records.session import (
    Cause,
    Check,
    ComponentResult,
    Leftover,
    NotRun,
    SessionRecord,
    State,
    Verdict,
)
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from pytest_kubeflow.reporting.records.trend import Night, Pace, Trend

STARTED = 1_764_000_000.0
CHECKS = (
    Check("gateway", "ok", "answers", seconds=0.2),
    Check("store", "warning", "the bucket is not ours", "kubectl get bucket"),
    Check("metadata", "not checked", "no test needs it"),
)
RUN = RunRecord(
    run_id="8420e4c3-be7a-4f05-bb40-cccd9e087743",
    name="pythagorean-1456",
    namespace="team",
    url="https://kf.example/_/pipeline/#/runs/details/8420",
    state="FAILED",
    outputs={"Output": 14.11},
    tasks=(
        TaskEntry("square", "SUCCEEDED", started=STARTED, ended=STARTED + 2),
        TaskEntry("root", "FAILED", "exit code 1", started=STARTED + 2, ended=STARTED + 3),
    ),
)
RED = "hypotenuse: square-root gave 14.11, 13.0 expected"


def passed(nodeid: str = "suites/access/test_ways.py::test_owner", **more: Any) -> TestRecord:
    """A test that passed."""
    return TestRecord(
        nodeid, nodeid.split("/")[-2] if "/" in nodeid else "", Outcome.PASSED, **more
    )


def red(nodeid: str = "suites/pipelines/test_py.py::test_hypotenuse") -> TestRecord:
    """A test that failed, with all that one can have."""
    return TestRecord(
        nodeid=nodeid,
        component="pipelines",
        outcome=Outcome.FAILED,
        sentence=RED,
        cause="c1",
        phase="call",
        doc="The root of 169 is 13.",
        started=STARTED + 1,
        seconds=5.5,
        details=">       assert 14.11 == 13.0",
        evidence=(Section("events", "Warning  FailedMount"), Section("log", "boom")),
        captured=(
            Section("Captured stdout call", "one\ntwo\n"),
            Section("Captured log call", "WARNING x"),
        ),
        runs=(RUN,),
        worker="gw1",
        properties={"answer": "42"},
    )


def session(
    *tests: TestRecord,
    state: State = State.FIT,
    sentence: str = "All 2 tests passed.",
    **more: Any,
) -> SessionRecord:
    """A session with these tests."""
    found: dict[str, Any] = {
        "session": "s1",
        "gateway": "https://kf.example",
        "started": STARTED,
        "ended": STARTED + 61.5,
        "versions": {"pytest": "9.2.0", "Kubernetes": "1.34.4"},
        "checks": CHECKS,
    }
    return SessionRecord(
        verdict=Verdict(state, sentence, _components(tests)), tests=tests, **{**found, **more}
    )


def _components(tests: tuple[TestRecord, ...]) -> tuple[ComponentResult, ...]:
    found = []
    for name in sorted({test.component for test in tests}):
        ours = [test for test in tests if test.component == name]
        failed = sum(test.outcome.is_red for test in ours)
        good = sum(test.outcome is Outcome.PASSED for test in ours)
        state = State.DEGRADED if failed else State.FIT
        found.append(ComponentResult(name, state, good, failed, len(ours) - good - failed))
    return tuple(found)


def green() -> SessionRecord:
    """All passed."""
    return session(
        passed(started=STARTED, seconds=1.0),
        passed("suites/volumes/test_v.py::TestClaims::test_sorted[a::b-1]", reruns=1),
    )


def degraded() -> SessionRecord:
    """One failed, one was skipped, one passed; something was left."""
    gpu = TestRecord("suites/gpu/test_g.py::test_smi", "gpu", Outcome.SKIPPED, "no GPU here", "gpu")
    return session(
        red(),
        gpu,
        passed(),
        state=State.DEGRADED,
        sentence="People cannot run pipelines. Fine: access.",
        exit_code=1,
        target="staging",
        user="user@example.com",
        causes=(
            Cause("c1", RED, (red().nodeid,), ("pipelines",), "KF114", "kubectl x", red().evidence),
        ),
        not_run=(NotRun("no GPU here", 1, "gpu", (gpu.nodeid,)),),
        left=(Leftover("Profile", "kf-x", "it is still being deleted"),),
        made={"Profile": 2},
    )


def unfit() -> SessionRecord:
    """The preflight says no."""
    return session(
        state=State.UNFIT,
        sentence="This Kubeflow is not fit to be tested: login: the password is wrong",
        exit_code=78,
        checks=(*CHECKS, Check("login", "failed", "the password is wrong", "set KF_PASSWORD")),
        ended_by="the preflight",
    )


def interrupted() -> SessionRecord:
    """SIGTERM came after the first test."""
    return session(
        passed(),
        TestRecord(
            "suites/volumes/test_v.py::test_sorted",
            "volumes",
            Outcome.NOT_RUN,
            "the session ended first",
        ),
        state=State.INTERRUPTED,
        sentence="The session was ended by SIGTERM after 1 of 2 tests.",
        exit_code=2,
        ended_by="SIGTERM",
    )


SESSIONS = {
    "green": green,
    "degraded": degraded,
    "unfit": unfit,
    "interrupted": interrupted,
}

TREND = Trend(
    nights=tuple(
        Night(f"s{n}", STARTED - 86_400 * (3 - n), 60.0, state, 2, 0, 0)
        for n, state in enumerate([State.FIT, State.DEGRADED, State.UNFIT, State.DEGRADED])
    ),
    red_since=STARTED - 86_400,
    flaky={red().nodeid: 0.25},
    slow=(Pace(red().nodeid, 5.5, 1.0, 2.0),),
)

# Everything that one can write, lone surrogates too.
TEXT = st.text(st.characters(), max_size=30)
TIME = st.floats(0, 4_000_000_000, allow_nan=False)
_SECONDS = st.floats(0, 1e6, allow_nan=False)
_NAMES = st.dictionaries(TEXT, TEXT, max_size=3)


def _some(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=3).map(tuple)


_SECTIONS = _some(st.builds(Section, TEXT, TEXT))
_TASKS = _some(
    st.builds(
        TaskEntry,
        name=TEXT,
        state=TEXT,
        error=TEXT,
        started=st.none() | TIME,
        ended=st.none() | TIME,
        outputs=st.dictionaries(
            TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=2
        ),
        artifacts=_NAMES,
        after=_some(TEXT),
        within=TEXT,
        is_dag=st.booleans(),
        is_cached=st.booleans(),
        log=TEXT,
    )
)
_RUNS = _some(
    st.builds(
        RunRecord,
        run_id=TEXT,
        name=TEXT,
        namespace=TEXT,
        url=TEXT,
        state=TEXT,
        outputs=_NAMES,
        tasks=_TASKS,
        gaps=_some(TEXT),
    )
)
TESTS = st.builds(
    TestRecord,
    nodeid=TEXT,
    component=TEXT,
    outcome=st.sampled_from(Outcome),
    sentence=TEXT,
    cause=TEXT,
    phase=TEXT,
    doc=TEXT,
    started=st.none() | TIME,
    seconds=_SECONDS,
    details=TEXT,
    evidence=_SECTIONS,
    captured=_SECTIONS,
    runs=_RUNS,
    reruns=st.integers(0, 3),
    worker=TEXT,
    properties=_NAMES,
)
RECORDS = st.builds(
    SessionRecord,
    session=TEXT,
    gateway=TEXT,
    started=TIME,
    ended=TIME,
    verdict=st.builds(
        Verdict,
        st.sampled_from(State),
        TEXT,
        _some(
            st.builds(
                ComponentResult,
                TEXT,
                st.sampled_from(State),
                st.integers(0, 99),
                st.integers(0, 99),
                st.integers(0, 99),
                TEXT,
            )
        ),
    ),
    exit_code=st.integers(0, 255),
    target=TEXT,
    user=TEXT,
    versions=_NAMES,
    facts=_NAMES,
    checks=_some(st.builds(Check, TEXT, TEXT, TEXT, TEXT, _SECONDS)),
    tests=_some(TESTS),
    causes=_some(st.builds(Cause, TEXT, TEXT, _some(TEXT), _some(TEXT), TEXT, TEXT, _SECTIONS)),
    not_run=_some(st.builds(NotRun, TEXT, st.integers(1, 99), TEXT, _some(TEXT))),
    left=_some(st.builds(Leftover, TEXT, TEXT, TEXT, st.booleans())),
    made=st.dictionaries(TEXT, st.integers(0, 99), max_size=2),
    lost=TEXT,
    problems=_some(TEXT),
    ended_by=TEXT,
)
TRENDS = st.builds(
    Trend,
    nights=_some(
        st.builds(
            Night,
            TEXT,
            TIME,
            _SECONDS,
            st.sampled_from(State),
            st.integers(0, 9),
            st.integers(0, 9),
            st.integers(0, 9),
        )
    ),
    red_since=st.none() | TIME,
    flaky=st.dictionaries(TEXT, st.floats(0, 1), max_size=3),
    slow=_some(st.builds(Pace, TEXT, _SECONDS, _SECONDS, _SECONDS)),
)
