"""RunWatcher: one thread that follows all of a session's runs, with one list call a tick.

It asks often while a run is young and less often later, at once when Kubernetes says that a
Workflow has ended, and not at all while there is nothing to follow. Whoever waits for a run wakes
up when it is in a final state.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
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
from pytest_kubeflow.pipelines.following.followed import FollowedRuns, Outcome
from pytest_kubeflow.pipelines.following.stall_watch import StallWatch
from pytest_kubeflow.pipelines.following.workflow_watch import WorkflowWatch, no_matter
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.waiting import Deadline, bounded_by

MAX_OUTAGE = 120.0
"""Seconds for which an API that does not answer is asked again."""

_REFUSALS = (*(AuthenticationError, ConfigurationError, NotFound, PermissionDenied, RunMismatch),)
"""What another request does not mend; all else is repeated for a while, as for a busy database."""

_EXAMINED = 3.0
"""Seconds between two looks at what keeps runs from going on."""

_EXAMINING = 5.0
"""Seconds that such a look may take: the runs are not followed meanwhile."""

_TICK = 10.0
"""Seconds in which what is lost on the way is asked for again before it counts as silence."""

_CLOSED = "nobody follows the runs any more: the session is over"
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


class ProgressListener(Protocol):
    """Somebody who shows what is waited for."""

    def on_update(self, running: Sequence[RunView]) -> None:
        """The runs that are followed: when one has changed, and now and then."""

    def on_done(self) -> None:
        """The wait is over."""


class RunWatcher:
    """Follows runs until they end. Any thread may call any method.

    `listener`, if set, is called by whoever waits, in that thread. `stalls` say which runs will
    not go on by themselves; those are followed no longer.
    """

    def __init__(
        self,
        source: RunSource,
        *,
        max_outage: float = MAX_OUTAGE,
        stalls: StallWatch | None = None,
    ) -> None:
        self._source = source
        self._max_outage = max_outage
        self._stalls = stalls
        self._examined = 0.0
        self._runs = FollowedRuns()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._watch: WorkflowWatch | None = None
        self.listener: ProgressListener | None = None

    def follow(self, view: RunView, *, ended: Callable[[], None] | None = None) -> None:
        """Begin to follow a run; `ended()` is called once when that is over, for any reason."""
        if not self._runs.add(view, ended):
            return
        with self._starting:
            if not (self._runs.closed or (self._thread and self._thread.is_alive())):
                self._thread = threading.Thread(target=self._work, name="run-watcher", daemon=True)
                self._thread.start()

    def on_done(self) -> None:
        """Tell the listener that nobody waits."""
        if self.listener is not None:
            self.listener.on_done()

    def on_update(self) -> None:
        """Let the listener see what is followed now."""
        if self.listener is not None:
            self.listener.on_update(self._runs.views())

    def forget(self, run_id: str) -> None:
        """Stop following a run, as one that is deleted. Who waits for it gets NotFound."""
        self._runs.forget(run_id)

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
        `max_outage` seconds.
        """
        self.follow(view)
        try:
            return self._wait(view, deadline, evidence, cause)
        finally:
            self.on_done()

    def _wait(
        self,
        view: RunView,
        deadline: Deadline,
        evidence: Callable[[], Evidence] | None,
        cause: Callable[[], str] | None,
    ) -> RunView:
        while True:
            if not deadline.expired:
                longest = deadline.at_most(_LOOK if self.listener is not None else 3600.0)
                self._runs.await_news(view.run_id, longest)
            closed = self._runs.closed
            outcome, followed = self._runs.now(view.run_id)
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
                last = followed.state or "PENDING"
                known = self.pending_reason(view.run_id) or (cause() if cause else "")
                raise WaitTimeout(
                    f"timed out after {deadline} waiting for run {view.name} to end; "
                    f"last state: {last}{f'; {known}' if known else ''}",
                    state=last,
                    evidence=evidence() if evidence else None,
                )
            self.on_update()

    def pending_reason(self, run_id: str) -> str:
        """What keeps a run from going on now, as far as that can be seen; "" if nothing does."""
        if self._stalls is None:
            return ""
        try:
            with bounded_by(Deadline.after(_EXAMINING)):
                return self._stalls.now(run_id)
        except KubeflowError:  # the timeout is told in any case
            return ""

    def close(self) -> None:
        """End the thread and the watch. Who still waits gets a KubeflowError."""
        self._runs.close()
        with self._starting:
            thread, watch = self._thread, self._watch
        if watch is not None:
            watch.stop()
        if thread is not None:
            thread.join(5.0)

    def _work(self) -> None:
        found = _CLOSED
        try:
            if (open_watch := self._source.open_watch()) is not None:
                seen = no_matter if self._stalls is None else self._stalls.note_workflow
                self._watch = WorkflowWatch(open_watch, self._runs.hint, seen)
                self._watch.start()
            down_since: float | None = None
            while self._runs.await_work():
                down_since = self._tick(down_since)
                self._examine()
                watching = self._watch is not None and self._watch.alive
                self._runs.await_turn(answering=down_since is None, watching=watching)
        finally:
            # Also when this thread dies of a mistake: nobody waits for one that is gone.
            if (mistake := sys.exception()) is not None:
                found = f"the thread that follows runs ended by a mistake of its own: {mistake!r}"
            with self._starting:
                self._thread = None
                watch, self._watch = self._watch, None
            if watch is not None:
                watch.stop()
            self._runs.give_up(KubeflowError(found))

    def _tick(self, down_since: float | None) -> float | None:
        """Ask once; since when the API does not answer, on the monotonic clock."""
        began = time.monotonic()
        try:
            # The next tick asks again, so that this one need not for long.
            with bounded_by(Deadline.after(_TICK)):
                seen = list(self._ask())
        except _REFUSALS as error:
            self._runs.give_up(error)
        except KubeflowError as error:
            down_since = began if down_since is None else down_since
            if time.monotonic() - down_since <= self._max_outage:
                return down_since
            self._runs.give_up(error)
        else:
            self._runs.note(seen)
        return None

    def _examine(self) -> None:
        """Now and then: which runs will not go on."""
        now = time.monotonic()
        if self._stalls is None or now - self._examined < _EXAMINED:
            return
        self._examined = now
        waiting = self._runs.waiting()
        if not waiting:
            return
        try:
            with bounded_by(Deadline.after(_EXAMINING)):
                found = self._stalls.of(waiting)
        except KubeflowError:  # this is no verdict on the runs, which are followed as before
            return
        self._runs.stop(found)

    def _ask(self) -> Iterator[tuple[str, Outcome]]:
        wanted = self._runs.last_seen()
        for view in self._source.recent(len(wanted) + _ONE_BY_ONE):
            if view.run_id in wanted:
                del wanted[view.run_id]
                yield view.run_id, view
        # Others that are among the youngest have crowded these out: take turns.
        for run_id in sorted(wanted, key=wanted.__getitem__)[:_ONE_BY_ONE]:
            try:
                yield run_id, self._source.view(run_id)
            except (NotFound, PermissionDenied, RunMismatch) as error:
                yield run_id, error
