"""RunWatcher: one thread that follows all of a session's runs, with one list call a tick.

It asks often while a run is young and less often later, at once when Kubernetes says that a
Workflow has ended, and not at all while there is nothing to follow. Whoever waits for a run wakes
up when it is in a final state.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_kubeflow.errors import (
    AuthenticationError,
    ConfigurationError,
    Evidence,
    KubeflowError,
    NotFound,
    PermissionDenied,
    RunMismatch,
    WaitTimeout,
)
from pytest_kubeflow.pipelines.obstacles import Obstacles, Waiting
from pytest_kubeflow.pipelines.states import FINAL_STATES
from pytest_kubeflow.pipelines.view import RunView
from pytest_kubeflow.pipelines.workflow_watch import WorkflowWatch
from pytest_kubeflow.waiting import Deadline, bounded_by

PATIENCE = 120.0
"""Seconds for which an API that does not answer is borne."""

_SHORTEST, _LONGEST, _LONGEST_WATCHING = 0.1, 1.4, 5.0
"""Seconds between two questions; the last where Kubernetes would tell of an end at once."""

_AGE = 0.1
"""The part of the youngest run's age that is waited: after 5 s, half a second."""

_CROWD = 0.025
"""Seconds for each run that is followed: a hundred runs are not asked for ten times a second."""

_EAGER = 0.15
"""Seconds between two questions while Kubernetes says that a run has ended, and the API not yet."""

_REFUSALS = (*(AuthenticationError, ConfigurationError, NotFound, PermissionDenied, RunMismatch),)
"""What asking again does not mend; all else is borne for a while, as a database that is busy."""

_EXAMINED = 3.0
"""Seconds between two looks at what keeps runs from going on."""

_EXAMINING = 5.0
"""Seconds that such a look may take: the runs are not followed meanwhile."""

_TICK = 10.0
"""Seconds in which what is lost on the way is asked for again before it counts as silence."""

_CLOSED = "nobody follows the runs any more: the session is over"
_EAGER_FOR = 20.0
_ONE_BY_ONE = 5
_LOOK = 0.5
"""Seconds between two looks of somebody who watches a wait."""


class RunSource(Protocol):
    """Where the states of runs come from. Methods raise KubeflowErrors."""

    def recent(self, count: int) -> list[RunView]:
        """The `count` youngest runs, in one call."""

    def view(self, run_id: str) -> RunView:
        """One run."""

    def open_watch(self) -> Callable[[], Any] | None:
        """What opens a watch on the Workflows; None without access to Kubernetes."""


class Onlooker(Protocol):
    """Somebody who shows what is waited for."""

    def look(self, running: Sequence[RunView]) -> None:
        """The runs that are followed: when one has changed, and now and then."""

    def away(self) -> None:
        """The wait is over."""


@dataclass
class _Followed:
    view: RunView
    since: float = field(default_factory=time.monotonic)
    hinted: float = 0.0
    seen: float = 0.0
    ended: Callable[[], None] | None = None


class RunWatcher:
    """Follows runs until they end. Any thread may call any method.

    `onlooker`, if set, is called by whoever waits, in that thread. `obstacles` say which runs will
    not go on by themselves; those are followed no longer.
    """

    def __init__(
        self,
        source: RunSource,
        *,
        patience: float = PATIENCE,
        obstacles: Obstacles | None = None,
    ) -> None:
        self._source = source
        self._patience = patience
        self._obstacles = obstacles
        self._examined = 0.0
        self._news = threading.Condition()
        self._open: dict[str, _Followed] = {}
        self._ended: dict[str, RunView | KubeflowError] = {}
        self._version = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self._watch: WorkflowWatch | None = None
        self.onlooker: Onlooker | None = None

    def follow(self, view: RunView, *, ended: Callable[[], None] | None = None) -> None:
        """Begin to follow a run; `ended()` is called once when that is over, for any reason."""
        with self._news:
            over = view.run_id in self._ended
            if not over:
                followed = self._open.setdefault(view.run_id, _Followed(view))
                followed.ended = ended or followed.ended
            if not over and not (self._closed or (self._thread and self._thread.is_alive())):
                self._thread = threading.Thread(target=self._work, name="run-watcher", daemon=True)
                self._thread.start()
            self._news.notify_all()
        if over and ended is not None:
            ended()

    def away(self) -> None:
        """Tell the onlooker that nobody waits."""
        if self.onlooker is not None:
            self.onlooker.away()

    def look(self) -> None:
        """Let the onlooker see what is followed now."""
        if self.onlooker is not None:
            with self._news:
                running = [one.view for one in self._open.values()]
            self.onlooker.look(running)

    def forget(self, run_id: str) -> None:
        """Stop following a run, as one that is deleted. Who waits for it gets NotFound."""
        with self._news:
            followed = self._open.pop(run_id, None)
            self._ended.pop(run_id, None)
            self._version += 1
            self._news.notify_all()
        if followed is not None and followed.ended is not None:
            followed.ended()

    def wait(
        self,
        view: RunView,
        *,
        deadline: Deadline,
        evidence: Callable[[], Evidence] | None = None,
        cause: Callable[[], str] | None = None,
    ) -> RunView:
        """Wait until the run is in a final state; its last view, whatever the state.

        Raises WaitTimeout with the last state, the `cause` that is known and the evidence, at the
        deadline or when the run is seen not to go on; NotFound if the run is removed; or
        what ended the following, such as ClusterUnreachable when the API did not answer for
        `patience` seconds.
        """
        self.follow(view)
        try:
            return self._wait(view, deadline, evidence, cause)
        finally:
            self.away()

    def _wait(
        self,
        view: RunView,
        deadline: Deadline,
        evidence: Callable[[], Evidence] | None,
        cause: Callable[[], str] | None,
    ) -> RunView:
        while True:
            with self._news:
                outcome = self._ended.get(view.run_id)
                if outcome is None and not deadline.expired:
                    self._await_news(deadline)
                    outcome = self._ended.get(view.run_id)
                followed = self._open.get(view.run_id)
                closed = self._closed
            if isinstance(outcome, RunView):
                return outcome
            if isinstance(outcome, WaitTimeout):
                raise WaitTimeout(
                    outcome.message,
                    state=outcome.state,
                    evidence=evidence() if evidence else None,
                )
            if outcome is not None:
                raise outcome
            if closed:
                raise KubeflowError(_CLOSED)
            if followed is None:
                raise NotFound(f"run {view.name} was removed while it was waited for")
            if deadline.expired:
                last = followed.view.state or "PENDING"
                known = self._obstacle(view.run_id) or (cause() if cause else "")
                raise WaitTimeout(
                    f"timed out after {deadline} waiting for run {view.name} to end; "
                    f"last state: {last}{f'; {known}' if known else ''}",
                    state=last,
                    evidence=evidence() if evidence else None,
                )
            self.look()

    def _obstacle(self, run_id: str) -> str:
        """What keeps a run from going on now, as far as that can be seen."""
        if self._obstacles is None:
            return ""
        try:
            with bounded_by(Deadline.after(_EXAMINING)):
                return self._obstacles.now(run_id)
        except KubeflowError:  # the timeout is told in any case
            return ""

    def _await_news(self, deadline: Deadline) -> None:
        seen = self._version
        longest = deadline.at_most(_LOOK if self.onlooker is not None else 3600.0)
        self._news.wait_for(lambda: self._version != seen or self._closed, longest)

    def close(self) -> None:
        """End the thread and the watch. Who still waits gets a KubeflowError."""
        with self._news:
            self._closed = True
            self._news.notify_all()
            thread, watch = self._thread, self._watch
        if watch is not None:
            watch.stop()
        if thread is not None:
            thread.join(5.0)

    def _hint(self, run_id: str) -> None:
        with self._news:
            if (followed := self._open.get(run_id)) is not None:
                followed.hinted = time.monotonic()
                self._news.notify_all()

    def _work(self) -> None:
        told = "the thread that follows runs ended by a mistake of its own"
        try:
            if (open_watch := self._source.open_watch()) is not None:
                self._watch = WorkflowWatch(open_watch, self._hint)
                self._watch.start()
            down_since: float | None = None
            while self._has_work():
                down_since = self._tick(down_since)
                self._examine()
                self._pause(down=down_since is not None)
            told = _CLOSED
        finally:
            # Also when this thread dies of a mistake: nobody waits for one that is gone.
            with self._news:
                self._thread = None
                watch, self._watch = self._watch, None
            if watch is not None:
                watch.stop()
            self._give_up(KubeflowError(told))

    def _tick(self, down_since: float | None) -> float | None:
        """Ask once; since when the API does not answer, on the monotonic clock."""
        began = time.monotonic()
        try:
            # The next tick asks again, so that this one need not for long.
            with bounded_by(Deadline.after(_TICK)):
                seen = list(self._ask())
        except _REFUSALS as error:
            self._give_up(error)
        except KubeflowError as error:
            down_since = began if down_since is None else down_since
            if time.monotonic() - down_since <= self._patience:
                return down_since
            self._give_up(error)
        else:
            self._note(seen)
        return None

    def _examine(self) -> None:
        """Now and then: which runs will not go on."""
        now = time.monotonic()
        if self._obstacles is None or now - self._examined < _EXAMINED:
            return
        self._examined = now
        with self._news:
            waiting = {
                run_id: Waiting(one.view.name, one.view.state, now - one.since)
                for run_id, one in self._open.items()
            }
        if not waiting:
            return
        try:
            with bounded_by(Deadline.after(_EXAMINING)):
                found = self._obstacles.of(waiting)
        except KubeflowError:  # this is no verdict on the runs, which are followed as before
            return
        over = []
        with self._news:
            for run_id, why in found.items():
                if (followed := self._open.get(run_id)) is not None:
                    state = followed.view.state or "PENDING"
                    told = f"run {followed.view.name} is {state} and will not go on: {why}"
                    over.append(self._end(run_id, WaitTimeout(told, state=state)))
            self._news.notify_all()
        _tell(over)

    def _has_work(self) -> bool:
        """Wait until there is something to follow; False at the end."""
        with self._news:
            self._news.wait_for(lambda: self._open or self._closed)
            return not self._closed

    def _ask(self) -> Iterator[RunView | tuple[str, KubeflowError]]:
        with self._news:
            wanted = {run_id: one.seen for run_id, one in self._open.items()}
        for view in self._source.recent(len(wanted) + _ONE_BY_ONE):
            if view.run_id in wanted:
                del wanted[view.run_id]
                yield view
        # Others that are among the youngest have crowded these out: take turns.
        for run_id in sorted(wanted, key=wanted.__getitem__)[:_ONE_BY_ONE]:
            try:
                yield self._source.view(run_id)
            except (NotFound, PermissionDenied, RunMismatch) as error:
                yield run_id, error

    def _note(self, seen: list[RunView | tuple[str, KubeflowError]]) -> None:
        over: list[_Followed] = []
        with self._news:
            for one in seen:
                run_id, outcome = one if isinstance(one, tuple) else (one.run_id, one)
                followed = self._open.get(run_id)
                if followed is None:
                    continue
                if isinstance(outcome, RunView):
                    followed.seen = time.monotonic()
                    if outcome == followed.view and outcome.state not in FINAL_STATES:
                        continue
                    followed.view = outcome
                    self._version += 1
                    if outcome.state not in FINAL_STATES:
                        continue
                over.append(self._end(run_id, outcome))
            self._news.notify_all()
        _tell(over)

    def _give_up(self, error: KubeflowError) -> None:
        with self._news:
            over = [self._end(run_id, error) for run_id in list(self._open)]
            self._news.notify_all()
        _tell(over)

    def _end(self, run_id: str, outcome: RunView | KubeflowError) -> _Followed:
        self._ended[run_id] = outcome
        self._version += 1
        return self._open.pop(run_id)

    def _pause(self, *, down: bool) -> None:
        with self._news:
            hints = [one.hinted for one in self._open.values()]
            known = max(hints, default=0.0)
            number = len(self._open)
            self._news.wait_for(
                lambda: (
                    self._closed
                    or len(self._open) > number
                    or any(one.hinted > known for one in self._open.values())
                ),
                self._interval(down=down),
            )

    def _interval(self, *, down: bool) -> float:
        now = time.monotonic()
        followed = self._open.values()
        if not followed:
            return 0.0
        if any(one.hinted and now - one.hinted < _EAGER_FOR for one in followed) and not down:
            return _EAGER
        youngest = min(now - one.since for one in followed)
        watching = self._watch is not None and self._watch.alive
        longest = _LONGEST_WATCHING if watching else _LONGEST
        pause = max(_SHORTEST, min(youngest * _AGE, longest), _CROWD * len(followed))
        # Not in step with other clients that began at the same time.
        return pause * random.uniform(0.9, 1.1)  # noqa: S311


def _tell(over: list[_Followed]) -> None:
    for one in over:
        if one.ended is not None:
            one.ended()
