"""Scheduler: how many runs are in flight, whose turn it is, and what one failure leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import ConfigurationError, KubeflowError, VolumeError, WaitTimeout
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.submission import Prepared
from pytest_kubeflow.scheduling.declaration import Declaration
from pytest_kubeflow.scheduling.plan import RunPlan
from pytest_kubeflow.scheduling.scheduler import Scheduler
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.scheduling.pipelines import saying


class Run:
    """A run that ends when a test says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ended: Callable[[], None] = lambda: None
        self.waited: list[Deadline] = []

    def follow(self, ended: Callable[[], None]) -> None:
        self.ended = ended

    def wait_until(self, deadline: Deadline, *, expect: tuple[str, ...]) -> Run:
        assert expect == ("SUCCEEDED",)
        self.waited.append(deadline)
        return self


class Cluster:
    """A Submitter: `runs` by name, in the order of their submission."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.refused: dict[str, BaseException] = {}
        self.lock = threading.Lock()
        self.hold = threading.Event()
        self.hold.set()
        self.making = 0

    def start(self, prepared: Prepared) -> PipelineRun:
        with self.lock:
            self.making += 1
        assert self.hold.wait(20)
        if (error := self.refused.get(prepared.name)) is not None:
            raise error
        run = Run(prepared.name)
        with self.lock:
            self.runs.append(run)
        return cast(PipelineRun, run)

    @property
    def names(self) -> list[str]:
        with self.lock:
            return [run.name for run in self.runs]

    def has(self, count: int) -> None:
        """Wait until so many are submitted."""
        until(lambda: len(self.runs) == count)

    def __getitem__(self, name: str) -> Any:
        return next(run for run in reversed(self.runs) if run.name == name)


class Listener:
    """Stands for the watcher, of which the scheduler wants one thing only."""

    def on_update(self) -> None:
        """Nothing to show."""

    def on_done(self) -> None:
        """Nothing to take away."""


def until(question: Callable[[], Any]) -> None:
    wait_until(question, bool, deadline=Deadline.after(20), what="it", interval=0.01, longest=0.02)


def plan_of(*tests: str, **options: Any) -> RunPlan:
    return RunPlan.of(
        Declaration.of(
            test, test, "t.py", (saying,), {"arguments": {"text": "a"}, "name": test, **options}
        )
        for test in tests
    )


@contextmanager
def scheduling(
    plan: RunPlan, cluster: Cluster, *, limit: int = 8, session: Deadline | None = None
) -> Iterator[Scheduler]:
    scheduler = Scheduler(
        plan,
        cluster,
        cast(RunWatcher, Listener()),
        limit=limit,
        timeout=600,
        session=session,
    )
    try:
        yield scheduler
    finally:
        cluster.hold.set()
        scheduler.close(lambda _run: None)
    until(lambda: not [one.name for one in threading.enumerate() if one.name in OURS])


OURS = ("submit", "scheduler", "remove")


def test_all_are_begun_in_their_order_and_a_bounded_number_is_in_flight() -> None:
    tests = [f"t{number}" for number in range(9)]
    cluster = Cluster()
    plan = plan_of(*tests)
    with scheduling(plan, cluster, limit=3) as scheduler:
        scheduler.begin(plan)
        for number in range(3, 9):
            cluster.has(number)
            assert sorted(cluster.names) == tests[:number]
            cluster[tests[number - 3]].ended()
            cluster[tests[number - 3]].ended()  # twice told is one slot
        cluster.has(9)


def test_one_at_a_time_keeps_the_very_order() -> None:
    tests = [f"t{number}" for number in range(6)]
    cluster = Cluster()
    plan = plan_of(*tests)
    with scheduling(plan, cluster, limit=1) as scheduler:
        scheduler.begin(reversed(plan.runs))
        for number in range(1, 7):
            cluster.has(number)
            cluster.runs[-1].ended()
        assert cluster.names == tests[::-1]


def test_one_that_cannot_be_submitted_fails_its_own_test_and_frees_its_slot() -> None:
    cluster = Cluster()
    error = VolumeError("no storage class")
    cluster.refused["bad"] = error
    plan = plan_of("bad", "good")
    with scheduling(plan, cluster, limit=1) as scheduler:
        scheduler.begin(plan)
        with pytest.raises(VolumeError) as raised:
            scheduler.run_for("bad")
        assert raised.value is error
        assert scheduler.run_for("good") is cluster["good"]
        assert scheduler.release("bad") is None
        assert scheduler.release("good") is cluster["good"]


def test_one_that_is_no_good_is_never_submitted() -> None:
    cluster = Cluster()
    plan = plan_of("good")
    plan.refuse("bad", "bad", "t.py", ConfigurationError("wants one pipeline"))
    with scheduling(plan, cluster) as scheduler:
        scheduler.begin(plan)
        with pytest.raises(ConfigurationError, match="wants one pipeline"):
            scheduler.run_for("bad")
        assert scheduler.run_for("unmarked") is None
        assert scheduler.release("unmarked") is None
        scheduler.run_for("good")
        assert cluster.names == ["good"]


def test_sequentially_each_is_begun_when_its_test_asks() -> None:
    cluster = Cluster()
    plan = plan_of("a", "b")
    with scheduling(plan, cluster) as scheduler:
        scheduler.begin([])
        assert scheduler.run_for("b") is cluster["b"]
        assert cluster.names == ["b"]
        assert scheduler.run_for("a") is cluster["a"]
        assert cluster.names == ["b", "a"]


def test_what_was_begun_is_not_begun_again_until_it_is_released() -> None:
    cluster = Cluster()
    plan = plan_of("a")
    with scheduling(plan, cluster) as scheduler:
        scheduler.begin(plan)
        first = scheduler.run_for("a")
        scheduler.begin(plan)
        assert scheduler.run_for("a") is first
        assert scheduler.release("a") is first
        assert scheduler.release("a") is None
        # A test that is run again, as pytest-rerunfailures does, gets a run of its own.
        second = scheduler.run_for("a")
        assert second is not first
        assert scheduler.release("a") is second
    assert cluster.names == ["a", "a"]


def test_a_shared_run_is_released_with_its_last_test() -> None:
    cluster = Cluster()
    plan = plan_of("a", "b", share="module", name=None)
    assert len(plan) == 1
    with scheduling(plan, cluster) as scheduler:
        scheduler.begin(plan)
        run = scheduler.run_for("a")
        assert scheduler.release("a") is None
        assert scheduler.run_for("a") is run  # once more
        assert scheduler.release("a") is None
        assert scheduler.run_for("b") is run
        assert scheduler.release("b") is run


def test_a_runs_time_counts_from_its_submission() -> None:
    cluster = Cluster()
    plan = plan_of("usual")
    brief = plan_of("brief", timeout=5)
    for one, seconds in ((plan, 600), (brief, 5)):
        (run,) = one
        test = run.tests[0]
        with scheduling(one, cluster) as scheduler:
            scheduler.begin(one)
            scheduler.run_for(test)
            scheduler.wait_for(test)
            scheduler.wait_for(test)
            first, second = cluster[test].waited
            assert first is second
            assert first.seconds == seconds


def test_a_run_whose_time_is_over_holds_back_no_other() -> None:
    """Its own test may come long after the one that waits for a slot."""
    cluster = Cluster()
    plan = plan_of("hangs", "other", timeout=0.2)
    with scheduling(plan, cluster, limit=1) as scheduler:
        scheduler.begin(plan)
        assert scheduler.run_for("other") is cluster["other"]


def test_the_end_of_the_sessions_time_submits_no_more() -> None:
    cluster = Cluster()
    plan = plan_of("a", "b")
    over = Deadline(at=0.0, seconds=90, whose="of the session")
    with scheduling(plan, cluster, session=over) as scheduler:
        scheduler.begin(plan)
        for test in ("a", "b"):
            with pytest.raises(WaitTimeout, match=rf"for {test} was not submitted.*\(90 s\)"):
                scheduler.run_for(test)
    assert cluster.names == []


def test_the_end_of_the_sessions_time_ends_the_wait_for_a_slot() -> None:
    cluster = Cluster()
    plan = plan_of("a", "b")
    session = Deadline.after(1.0)
    with scheduling(plan, cluster, limit=1, session=session) as scheduler:
        scheduler.begin(plan)
        assert scheduler.run_for("a") is not None
        with pytest.raises(WaitTimeout, match="for b was not submitted: the session's time"):
            scheduler.run_for("b")
    assert cluster.names == ["a"]


def test_closing_removes_what_no_test_has_released_side_by_side() -> None:
    tests = [f"t{number}" for number in range(6)]
    cluster = Cluster()
    plan = plan_of(*tests)
    together = threading.Barrier(4, timeout=20)
    removed: list[str] = []

    def remove(run: PipelineRun) -> None:
        together.wait()  # all four at once, or this breaks
        removed.append(run.name)

    with scheduling(plan, cluster, limit=5) as scheduler:
        scheduler.begin(plan)
        cluster.has(5)
        scheduler.run_for("t3")
        assert scheduler.release("t3") is not None
        scheduler.close(remove)
        # The sixth still waited for a slot.
        with pytest.raises(KubeflowError, match="t5 was not submitted: the session is over"):
            scheduler.run_for("t5")
    assert sorted(removed) == ["t0", "t1", "t2", "t4"]
    assert "t5" not in cluster.names


def test_closing_waits_for_what_is_just_being_made() -> None:
    cluster = Cluster()
    cluster.hold.clear()
    plan = plan_of("a")
    removed: list[str] = []
    with scheduling(plan, cluster) as scheduler:
        scheduler.begin(plan)
        until(lambda: cluster.making)
        closing = threading.Thread(
            target=scheduler.close, args=(lambda run: removed.append(run.name),)
        )
        closing.start()
        cluster.hold.set()
        closing.join(20)
    assert removed == ["a"]


def test_many_runs_are_not_made_all_at_once() -> None:
    cluster = Cluster()
    cluster.hold.clear()
    plan = plan_of(*(f"t{number}" for number in range(30)))
    with scheduling(plan, cluster, limit=30) as scheduler:
        scheduler.begin(plan)
        until(lambda: cluster.making == 8)
        cluster.hold.set()
        cluster.has(30)
