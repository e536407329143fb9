"""Evidence of servers that are gone: what it may cost, and that what answers is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kubeflow.retries.evidence import (
    EVIDENCE,
    EvidenceBudget,
    NotAsked,
    attempt_seconds,
    reading_evidence,
)
from pytest_kubeflow.retries.policy import RetryPolicy


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of budgets and policies; pauses take no time."""
    found = Clock()
    monkeypatch.setattr("time.monotonic", found)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    return found


def silent(clock: Clock, budget: EvidenceBudget, took: list[float]) -> Callable[[], str]:
    """A server that takes a call and never answers, until the call's time is over."""

    def call() -> str:
        took.append(budget.seconds(60.0))
        clock.now += took[-1]
        raise TimeoutError("timed out")

    return call


def test_a_session_loses_its_seconds_and_no_more(clock: Clock) -> None:
    budget = EvidenceBudget(20.0, clock=clock)
    took: list[float] = []
    policies_ = [RetryPolicy(name, evidence=budget) for name in ("pipelines", "Kubernetes", "S3")]
    began, refused = clock.now, 0
    with reading_evidence():
        for _ in range(40):  # ten failed tests, each of which asks four things of each
            for policy in policies_:
                try:
                    policy.repeat(silent(clock, budget, took))
                except NotAsked:
                    refused += 1
                except TimeoutError:
                    pass
    assert clock.now - began <= 20.0
    assert len(took) <= 10
    assert refused >= 110
    assert budget.is_spent
    assert budget.reason == (
        "not asked: Kubernetes and S3 and pipelines do not answer any more, and the 20 s for which "
        "a session waits for evidence are spent (--kf-evidence-timeout)"
    )


def test_what_answers_is_asked_however_much_was_lost(clock: Clock) -> None:
    budget = EvidenceBudget(20.0, clock=clock)
    took: list[float] = []
    gone, there = (RetryPolicy(name, evidence=budget) for name in ("gateway", "Kubernetes"))
    with reading_evidence():
        for _ in range(10):
            with contextlib.suppress(TimeoutError, NotAsked):
                gone.repeat(silent(clock, budget, took))
        with pytest.raises(NotAsked):
            gone.repeat(silent(clock, budget, took))
        assert there.repeat(lambda: "pods") == "pods"
    # A test that goes on sees the other one come back.
    assert gone.repeat(lambda: "runs") == "runs"
    with reading_evidence():
        assert gone.repeat(lambda: "runs") == "runs"
    assert not budget.is_spent


def test_after_the_first_outage_nothing_is_asked_twice(clock: Clock) -> None:
    budget = EvidenceBudget(20.0, clock=clock)
    asked: list[str] = []

    def refuse(name: str) -> str:
        asked.append(name)
        clock.now += 0.5
        raise ConnectionRefusedError(name)

    with reading_evidence():
        for name in ("gateway", "Kubernetes", "gateway", "Kubernetes"):
            policy = RetryPolicy(name, evidence=budget)
            with pytest.raises(ConnectionRefusedError):
                policy.repeat(lambda name=name: refuse(name))  # type: ignore[misc]
    assert asked.count("gateway") > 2, "the first one may be a hiccup"
    assert asked.count("Kubernetes") == 2


def test_only_what_reads_evidence_is_bounded(clock: Clock) -> None:
    assert attempt_seconds(60.0) == 60.0
    with reading_evidence():
        assert attempt_seconds(60.0) == EVIDENCE.seconds(60.0) < 10.0
        assert attempt_seconds(3.0) == 3.0
    budget = EvidenceBudget(20.0, clock=clock)
    policy = RetryPolicy("x", 30.0, evidence=budget)
    with reading_evidence():
        assert policy.longest == 2.0
    assert policy.longest == 30.0


def test_processes_of_a_session_lose_the_same_seconds(clock: Clock, tmp_path: Path) -> None:
    ours, theirs = (EvidenceBudget(20.0, clock=clock) for _ in range(2))
    ours.share(tmp_path / "shared.json")
    theirs.renew(20.0, shared=tmp_path / "shared.json")
    took: list[float] = []
    with reading_evidence():
        for _ in range(10):
            for budget in (ours, theirs):
                policy = RetryPolicy("gateway", evidence=budget)
                with contextlib.suppress(TimeoutError, NotAsked):
                    policy.repeat(silent(clock, budget, took))
        assert sum(took) <= 20.0
        assert ours.is_spent
        assert theirs.is_spent
    # What comes back for one of them is asked by both.
    RetryPolicy("gateway", evidence=theirs).repeat(lambda: "runs")
    assert not ours.is_spent
    with reading_evidence():
        assert RetryPolicy("gateway", evidence=ours).repeat(lambda: "runs") == "runs"


def test_what_is_lost_at_once_counts_once(clock: Clock, tmp_path: Path) -> None:
    ours, theirs = (EvidenceBudget(20.0, clock=clock) for _ in range(2))
    ours.share(tmp_path / "shared.json")
    theirs.renew(20.0, shared=tmp_path / "shared.json")
    since, clock.now = clock.now, clock.now + 8.0
    ours.lost("gateway", since)
    theirs.lost("Kubernetes", since + 1.0)
    assert ours.seconds(60.0) == theirs.seconds(60.0) == pytest.approx(4.5)


def test_without_the_file_each_counts_for_itself(clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    budget = EvidenceBudget(20.0, clock=clock)
    budget.renew(20.0, shared=path)  # that of another machine
    assert budget.seconds(60.0) == 8.5
    budget.share(path)
    path.unlink()
    budget.lost("gateway", clock.now)
    assert budget.bearable == 0.0
    path.write_text("half of wh")
    budget.lost("gateway", clock.now)
    assert budget.seconds(60.0) == 8.5
