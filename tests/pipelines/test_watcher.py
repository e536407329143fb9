"""RunWatcher and WorkflowWatch against sources in this process: who wakes up, and with what."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    Evidence,
    KubeflowError,
    NotFound,
    PermissionDenied,
    RunMismatch,
    WaitTimeout,
)
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.following.workflow_watch import WorkflowWatch
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.waiting import Deadline, wait_until


class Watched:
    """What urllib3 gives for a watch: chunks as they come, until it is shut down or ends."""

    def __init__(self) -> None:
        self.chunks: queue.Queue[bytes | None] = queue.Queue()
        self.closed = False

    def say(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.chunks.put(json.dumps(event).encode() + b"\n")

    def stream(self, *, amt: int | None) -> Iterator[bytes]:
        assert amt is None
        while (chunk := self.chunks.get()) is not None:
            yield chunk

    def shutdown(self) -> None:
        self.chunks.put(None)

    def close(self) -> None:
        self.closed = True


def workflow(run_id: str, phase: str, kind: str = "MODIFIED") -> dict[str, Any]:
    return {
        "type": kind,
        "object": {"metadata": {"labels": {RUN_ID: run_id}}, "status": {"phase": phase}},
    }


class Runs:
    """A RunSource whose runs are what a test says; it counts what it is asked."""

    def __init__(self, *run_ids: str, watched: Watched | None = None) -> None:
        self.states = dict.fromkeys(run_ids, "RUNNING")
        self.error: KubeflowError | None = None
        self.watched = watched
        self.lists = 0
        self.counts: list[int] = []
        self.views: list[str] = []
        self.hidden: set[str] = set()
        self.others: set[str] = set()
        """Runs for which another one is told."""

    def run(self, run_id: str) -> RunView:
        return RunView(run_id, f"run-{run_id}", self.states.get(run_id, "PENDING"))

    def recent(self, count: int) -> list[RunView]:
        self.lists += 1
        self.counts.append(count)
        if self.error is not None:
            raise self.error
        found = [self.run(one) for one in [*self.states] if one not in self.hidden]
        return found[-count:]

    def view(self, run_id: str) -> RunView:
        self.views.append(run_id)
        if run_id not in self.states:
            raise NotFound(f"there is no run {run_id}")
        if run_id in self.others:
            raise RunMismatch(f"another run than {run_id}")
        return self.run(run_id)

    def open_watch(self) -> Callable[[], Any] | None:
        watched = self.watched
        return None if watched is None else lambda: watched

    def asked_again(self, times: int = 2) -> None:
        """Wait until it was asked so many times more."""
        before = self.lists
        until(lambda: self.lists >= before + times)


def until(question: Callable[[], Any], what: str = "it") -> None:
    wait_until(question, bool, deadline=Deadline.after(20), what=what, interval=0.01, longest=0.05)


@contextmanager
def watching(source: Runs, **settings: Any) -> Iterator[RunWatcher]:
    watcher = RunWatcher(source, **settings)
    try:
        yield watcher
    finally:
        watcher.close()
    assert not [one.name for one in threading.enumerate() if one.name in OURS]


OURS = ("run-watcher", "workflow-watch")


class Waiting(threading.Thread):
    """Somebody who waits for a run."""

    def __init__(self, watcher: RunWatcher, view: RunView, seconds: float = 60) -> None:
        super().__init__(daemon=True)
        self._wait = partial(watcher.wait, view, deadline=Deadline.after(seconds))
        self.outcome: RunView | BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._wait()
        except KubeflowError as error:
            self.outcome = error

    def result(self) -> Any:
        self.join(20)
        assert not self.is_alive()
        return self.outcome


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_every_final_state_wakes_the_waiter(state: str) -> None:
    source = Runs("a")
    with watching(source) as watcher:
        waiting = Waiting(watcher, source.run("a"))
        source.asked_again()
        source.states["a"] = state
        assert waiting.result() == source.run("a")


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "CANCELING", "PAUSED", "", "UNHEARD_OF"])
def test_no_other_state_does(state: str) -> None:
    source = Runs("a")
    source.states["a"] = state
    with watching(source) as watcher:
        waiting = Waiting(watcher, replace(source.run("a"), state=""))
        source.asked_again(3)
        assert waiting.is_alive()
        source.states["a"] = "SUCCEEDED"
        waiting.result()


def test_a_run_that_had_ended_before_is_told_at_once_again() -> None:
    source = Runs("a")
    source.states["a"] = "FAILED"
    with watching(source) as watcher:
        view = replace(source.run("a"), state="RUNNING")
        first = watcher.wait(view, deadline=Deadline.after(20))
        asked = source.lists
        called: list[str] = []
        watcher.follow(view, ended=lambda: called.append("ended"))
        assert watcher.wait(view, deadline=Deadline.after(20)) == first
        assert called == ["ended"]
        assert source.lists == asked


def test_a_run_that_was_final_when_it_was_followed_is_ended() -> None:
    """As one that is found again after the answer to its submission was lost."""
    source = Runs("a")
    source.states["a"] = "FAILED"
    ended = threading.Event()
    with watching(source) as watcher:
        watcher.follow(source.run("a"), ended=ended.set)
        assert ended.wait(20)


def test_a_deadline_brings_the_last_state_and_the_evidence() -> None:
    source = Runs("a")
    with watching(source) as watcher:
        with pytest.raises(
            WaitTimeout, match=r"after 0\.3 s .* run-a to end; last state: RUNNING"
        ) as e:
            watcher.wait(
                source.run("a"), deadline=Deadline.after(0.3), evidence=lambda: Evidence("seen")
            )
        assert e.value.evidence == Evidence("seen")
        assert e.value.state == "RUNNING"


def test_a_hint_makes_it_ask_until_the_api_agrees() -> None:
    watched = Watched()
    source = Runs("a", "b", watched=watched)
    with watching(source) as watcher:
        waiting = Waiting(watcher, source.run("a"))
        other = Waiting(watcher, source.run("b"))
        source.asked_again()
        watched.say(workflow("a", "Succeeded"), workflow("nobody's", "Failed"))
        source.asked_again(5)  # the API does not agree yet
        assert waiting.is_alive()
        source.states["a"] = "SUCCEEDED"
        assert waiting.result() == source.run("a")
        assert other.is_alive()
        source.states["b"] = "FAILED"
        watched.say(workflow("b", "Failed"))
        other.result()


def test_workflows_that_go_on_are_no_hint() -> None:
    heard: list[str] = []
    watched = Watched()
    with listening(lambda: watched, heard):
        watched.say(workflow("a", "Running"), workflow("a", ""), {"type": "BOOKMARK", "object": {}})
        watched.say({"type": "ERROR", "object": {"code": 410}}, {"type": "ADDED"})
        watched.say(workflow("b", "Running", "DELETED"), workflow("c", "Error", "ADDED"))
        until(lambda: len(heard) >= 2)
    assert heard == ["b", "c"]


def test_an_api_that_is_away_for_a_while_is_borne() -> None:
    source = Runs("a", "b")
    with watching(source) as watcher:
        waits = [Waiting(watcher, source.run(one)) for one in "ab"]
        source.error = ClusterUnreachable("connection refused")
        source.asked_again(4)
        assert all(one.is_alive() for one in waits)
        source.states.update(a="SUCCEEDED", b="FAILED")
        source.error = None
        assert [one.result() for one in waits] == [source.run("a"), source.run("b")]


@pytest.mark.parametrize(
    "error",
    [ClusterUnreachable("answers 503"), KubeflowError("answers 500: database is locked")],
)
def test_one_that_is_away_for_good_ends_all_waits_with_one_reason(error: KubeflowError) -> None:
    source = Runs(*"abcdef")
    freed: list[str] = []
    with watching(source, max_outage=0.3) as watcher:
        for one in "abc":
            watcher.follow(source.run(one), ended=partial(freed.append, one))
        waits = [Waiting(watcher, source.run(one)) for one in "abcdef"]
        until(lambda: source.lists)
        source.error = error
        assert {one.result() for one in waits} == {error}
        assert sorted(freed) == ["a", "b", "c"]
        # The next runs are followed anew.
        source.error = None
        source.states["g"] = "SUCCEEDED"
        assert watcher.wait(RunView("g", "g", ""), deadline=Deadline.after(20)).state == "SUCCEEDED"


@pytest.mark.parametrize("kind", [AuthenticationError, PermissionDenied])
def test_a_refusal_ends_the_waits_at_once(kind: type[KubeflowError]) -> None:
    source = Runs("a")
    source.error = kind("no")
    with watching(source, max_outage=3600) as watcher:
        assert Waiting(watcher, source.run("a")).result() is source.error


def test_a_run_that_is_gone_ends_its_own_wait_alone() -> None:
    source = Runs("a", "b")
    with watching(source) as watcher:
        gone, there = (Waiting(watcher, source.run(one)) for one in "ab")
        source.asked_again()
        del source.states["a"]
        assert str(gone.result()) == "there is no run a"
        assert there.is_alive()
        source.states["b"] = "SUCCEEDED"
        there.result()


def test_runs_that_others_crowd_out_of_the_page_are_asked_for_one_by_one() -> None:
    source = Runs(*(str(number) for number in range(12)))
    source.hidden = {str(number) for number in range(12)}
    with watching(source) as watcher:
        waits = {one: Waiting(watcher, source.run(one)) for one in source.hidden}
        until(lambda: set(source.views) >= source.hidden)
        source.states = dict.fromkeys(source.states, "SUCCEEDED")
        assert {one.result() for one in waits.values()} == set(map(source.run, waits))
    assert len(source.views) <= 5 * source.lists


def test_forgetting_frees_and_wakes() -> None:
    source = Runs("a", "b")
    freed: list[str] = []
    with watching(source) as watcher:
        watcher.follow(source.run("a"), ended=lambda: freed.append("a"))
        waiting = Waiting(watcher, source.run("a"))
        source.asked_again()
        watcher.forget("a")
        watcher.forget("a")
        watcher.forget("never heard of")
        assert freed == ["a"]
        outcome = waiting.result()
        assert isinstance(outcome, NotFound)
        assert "run-a was removed" in str(outcome)


def test_another_run_than_was_asked_for_ends_the_wait_for_that_run_alone() -> None:
    source = Runs("a", "b")
    source.hidden = {"a"}
    source.others = {"a"}
    with watching(source) as watcher:
        wrong, right = Waiting(watcher, source.run("a")), Waiting(watcher, source.run("b"))
        assert isinstance(wrong.result(), RunMismatch)
        source.states["b"] = "SUCCEEDED"
        assert right.result() == source.run("b")


def test_a_view_is_of_the_run_that_was_asked_for() -> None:
    class Told:
        def to_dict(self) -> dict[str, str]:
            return {"run_id": "b", "display_name": "run-b", "state": "SUCCEEDED"}

    assert RunView.of(Told(), asked="b").name == "run-b"
    with pytest.raises(RunMismatch, match="was asked for run a and answers with another run, b"):
        RunView.of(Told(), asked="a")


def test_one_list_call_a_tick_for_many_runs_and_waiters() -> None:
    names = [str(number) for number in range(60)]
    source = Runs()
    with watching(source) as watcher:
        waits = []
        for one in names:
            source.states[one] = "RUNNING"
            waits.append(Waiting(watcher, source.run(one)))
        until(lambda: source.counts and source.counts[-1] >= len(names) + 5)
        asked, views = source.lists, len(source.views)
        source.states = dict.fromkeys(names, "SUCCEEDED")
        assert {one.result() for one in waits} == {source.run(one) for one in names}
        # A tick may have been under way; none of 60 waits has asked for itself.
        assert source.lists <= asked + 2
        assert len(source.views) == views


def test_nothing_is_asked_while_nothing_is_followed() -> None:
    source = Runs("a", "b")
    with watching(source) as watcher:
        source.states["a"] = "SUCCEEDED"
        watcher.wait(RunView("a", "a", ""), deadline=Deadline.after(20))
        asked = source.lists
        # The next tick of a watcher that went on would come before this wait's first answer.
        with pytest.raises(WaitTimeout):
            wait_until(
                lambda: source.lists, lambda n: n > asked, deadline=Deadline.after(0.5), what="it"
            )
        source.states["b"] = "SUCCEEDED"
        watcher.wait(RunView("b", "b", ""), deadline=Deadline.after(20))


def test_closing_ends_the_waits() -> None:
    source = Runs("a", watched=Watched())
    with watching(source) as watcher:
        waiting = Waiting(watcher, source.run("a"))
        source.asked_again()
        watcher.close()
        assert "session is over" in str(waiting.result())
        with pytest.raises(KubeflowError, match="session is over"):
            watcher.wait(source.run("a"), deadline=Deadline.after(60))


def test_a_watcher_that_dies_of_a_mistake_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    source = Runs("a")
    with watching(source) as watcher:
        waiting = Waiting(watcher, source.run("a"))
        source.asked_again()
        working = source.recent
        source.recent = None  # type: ignore[method-assign, assignment]
        assert "a mistake of its own: TypeError(\"'NoneType' object" in str(waiting.result())
        source.recent = working  # type: ignore[method-assign]
        source.states["b"] = "SUCCEEDED"
        view = watcher.wait(source.run("b"), deadline=Deadline.after(20))
        assert view.state == "SUCCEEDED", "another thread goes on"
    assert [one.exc_type for one in complaints] == [TypeError]


@contextmanager
def listening(open_watch: Callable[[], Any], heard: list[str]) -> Iterator[WorkflowWatch]:
    watch = WorkflowWatch(open_watch, heard.append)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
    assert not watch.is_alive()


def test_lines_may_be_split_anywhere() -> None:
    heard: list[str] = []
    watched = Watched()
    message = b"".join(
        json.dumps(workflow(one, "Succeeded")).encode() + b"\n" for one in ("a", "ö", "c")
    )
    with listening(lambda: watched, heard):
        for position in range(0, len(message), 7):
            watched.chunks.put(message[position : position + 7])
        until(lambda: len(heard) == 3)
    assert heard == ["a", "ö", "c"]
    assert watched.closed


def test_a_watch_that_ends_or_breaks_is_opened_again() -> None:
    heard: list[str] = []
    broken, first, last = Watched(), Watched(), Watched()
    first.say(workflow("a", "Succeeded"))
    first.shutdown()
    broken.chunks.put(b"<html>no JSON</html>\n")
    last.say(workflow("b", "Failed"))
    answers: list[Any] = [last, broken, ConnectionResetError("gone"), first]

    def open_watch() -> Any:
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    with listening(open_watch, heard) as watch:
        until(lambda: heard == ["a", "b"])
        assert watch.alive


def test_stopping_in_the_middle_of_a_read() -> None:
    watched = Watched()
    with listening(lambda: watched, []) as watch:
        until(lambda: watch.alive)
        watched.chunks.put(b'{"type": "MODI')
    assert watched.closed


def test_stopping_while_there_is_nothing_to_read_from() -> None:
    def refuse() -> Any:
        asked.set()
        raise ConnectionRefusedError

    asked = threading.Event()
    with listening(refuse, []) as watch:
        assert asked.wait(20)
        assert not watch.alive
