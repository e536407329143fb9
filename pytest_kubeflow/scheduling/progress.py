"""Progress: what is told of the runs that are in flight, to somebody who waits.

On a terminal a line a run, drawn anew while one waits and gone afterwards; elsewhere a line for
each change, and one now and then that nothing has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.api_tasks import api_tasks

HEARTBEAT = 30.0
"""Seconds after which a log says that nothing has changed."""

QUIET = 3.0
"""Seconds of waiting about which nothing is told, unless more was asked for."""

_PODS = 3.0
_MOST = 10


class Screen(Protocol):
    """Where progress is shown. Whatever is written there is not captured."""

    @property
    def is_live(self) -> bool:
        """Whether lines can be drawn anew."""

    def line(self, text: str) -> None:
        """Write a line that stays."""

    def draw(self, lines: Sequence[str]) -> None:
        """Show these instead of those before; none at the end."""


class Progress:
    """A watcher's listener. `waiting_pods` tells, by run id, what pods that do not start wait for.

    It is asked now and then while one waits, and may be None. `immediate`: report at once.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        waiting_pods: Callable[[], Mapping[str, str]] | None = None,
        immediate: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._waiting_pods = waiting_pods
        self._immediate = immediate
        self._clock = clock
        self._since: float | None = None
        self._described: dict[str, str] = {}
        self._first_seen: dict[str, float] = {}
        self._spoke = 0.0
        self._pods: Mapping[str, str] = {}
        self._pods_at = 0.0
        self._waited: dict[str, float] = {}

    def on_update(self, running: Sequence[RunView]) -> None:
        """The runs in flight, now."""
        now = self._clock()
        if self._since is None:
            self._since, self._spoke = now, now
        for run in running:
            self._first_seen.setdefault(run.run_id, now)
        if now - self._since < QUIET and not self._immediate:
            return
        self._look_at_pods(now)
        if self._screen.is_live:
            shown = [self._line(run, now) for run in running[:_MOST]]
            more = len(running) - len(shown)
            self._screen.draw([*shown, *([f"and {more} more"] if more > 0 else [])])
        else:
            self._tell_changes(running, now)

    def on_done(self) -> None:
        """Nobody waits."""
        self._since = None
        if self._screen.is_live:
            self._screen.draw([])

    def _tell_changes(self, running: Sequence[RunView], now: float) -> None:
        for run in running:
            found = self._told_of(run)
            if self._described.get(run.run_id) != found:
                self._described[run.run_id] = found
                self._screen.line(f"kubeflow: {self._line(run, now)}")
                self._spoke = now
        if now - self._spoke >= HEARTBEAT:
            self._spoke = now
            for run in running[:_MOST]:
                self._screen.line(f"kubeflow: still {self._line(run, now)}")

    def _line(self, run: RunView, now: float) -> str:
        elapsed = now - self._first_seen.get(run.run_id, now)
        waited = self._waited.get(run.run_id, 0.0)
        message = f", of which {waited:.0f} s waiting" if waited >= 1 else ""
        return f"{run.name} {self._told_of(run)} ({elapsed:.0f} s{message})"

    def _told_of(self, run: RunView) -> str:
        tasks = [str(one) for one in api_tasks(run.details).values() if any(one.states)]
        listed = f": {', '.join(tasks)}" if tasks else ""
        pods = f"; {self._pods[run.run_id]}" if run.run_id in self._pods else ""
        return f"{(run.state or 'PENDING').lower()}{listed}{pods}"

    def _look_at_pods(self, now: float) -> None:
        if self._waiting_pods is None or now - self._pods_at < _PODS:
            return
        passed = now - self._pods_at if self._pods_at else 0.0
        for run_id in self._pods:
            self._waited[run_id] = self._waited.get(run_id, 0.0) + passed
        self._pods_at = now
        try:
            self._pods = self._waiting_pods()
        except KubeflowError:  # this is no verdict on anything; the wait goes on without
            self._pods = {}
            self._pods_at = now + HEARTBEAT
