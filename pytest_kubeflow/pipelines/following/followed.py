"""FollowedRuns: the record of the runs that are followed, and of how those ended that are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pytest_kubeflow.errors import KubeflowError, WaitTimeout
from pytest_kubeflow.pipelines.following.pace import pause
from pytest_kubeflow.pipelines.following.stall_watch import Waiting
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.runs.view import RunView

Outcome = RunView | KubeflowError
"""How a run ended, or why it is followed no longer."""


@dataclass
class Followed:
    """One run: its last view, and when (on the monotonic clock) what happened to it."""

    view: RunView
    since: float = field(default_factory=time.monotonic)
    hinted: float = 0.0
    seen: float = 0.0
    ended: Callable[[], None] | None = None


class FollowedRuns:
    """Any thread may call any method. Callbacks are called without the lock."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._open: dict[str, Followed] = {}
        self._ended: dict[str, Outcome] = {}
        self._version = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nobody follows them any more."""
        return self._closed

    def add(self, view: RunView, ended: Callable[[], None] | None) -> bool:
        """Follow a run; False if it is over: then `ended` has been called."""
        with self._news:
            over = view.run_id in self._ended
            if not over:
                followed = self._open.setdefault(view.run_id, Followed(view))
                followed.ended = ended or followed.ended
            self._news.notify_all()
        if over and ended is not None:
            ended()
        return not over

    def forget(self, run_id: str) -> None:
        """Follow it no longer, and know nothing of how it ended."""
        with self._news:
            followed = self._open.pop(run_id, None)
            self._ended.pop(run_id, None)
            self._version += 1
            self._news.notify_all()
        if followed is not None:
            _tell([followed])

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def hint(self, run_id: str) -> None:
        """Kubernetes says that it has ended."""
        with self._news:
            if (followed := self._open.get(run_id)) is not None:
                followed.hinted = time.monotonic()
                self._news.notify_all()

    def note(self, seen: Iterable[tuple[str, Outcome]]) -> None:
        """What has been found out of some of them."""
        over: list[Followed] = []
        with self._news:
            for run_id, outcome in seen:
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

    def stop(self, why: Mapping[str, str]) -> None:
        """These runs will not go on; the texts say what keeps them."""
        over = []
        with self._news:
            for run_id, reason in why.items():
                if (followed := self._open.get(run_id)) is not None:
                    state = followed.view.state or "PENDING"
                    message = f"run {followed.view.name} is {state} and will not go on: {reason}"
                    over.append(self._end(run_id, WaitTimeout(message, state=state)))
            self._news.notify_all()
        _tell(over)

    def give_up(self, error: KubeflowError) -> None:
        """All of them are followed no longer."""
        with self._news:
            over = [self._end(run_id, error) for run_id in list(self._open)]
            self._news.notify_all()
        _tell(over)

    def views(self) -> list[RunView]:
        """Those that are followed, as they were seen last."""
        with self._news:
            return [one.view for one in self._open.values()]

    def last_seen(self) -> dict[str, float]:
        """When each was seen, by id; 0 for never."""
        with self._news:
            return {run_id: one.seen for run_id, one in self._open.items()}

    def waiting(self) -> dict[str, Waiting]:
        """Those that are followed, as `StallWatch` takes them."""
        now = time.monotonic()
        with self._news:
            return {
                run_id: Waiting(one.view.name, one.view.state, now - one.since)
                for run_id, one in self._open.items()
            }

    def now(self, run_id: str) -> tuple[Outcome | None, RunView | None]:
        """How a run has ended, and its last view while it is followed."""
        with self._news:
            followed = self._open.get(run_id)
            return self._ended.get(run_id), followed.view if followed else None

    def await_news(self, run_id: str, seconds: float) -> None:
        """Wait for any news, `seconds` at most; not at all if this run is not followed."""
        with self._news:
            seen = self._version
            if run_id in self._open:
                self._news.wait_for(lambda: self._version != seen or self._closed, seconds)

    def await_work(self) -> bool:
        """Wait until there is a run to follow; False at the end."""
        with self._news:
            self._news.wait_for(lambda: self._open or self._closed)
            return not self._closed

    def await_turn(self, *, answering: bool, watching: bool) -> None:
        """Wait until it is time to ask again: by the clock, for a new run, or for a hint."""
        with self._news:
            known = max((one.hinted for one in self._open.values()), default=0.0)
            number = len(self._open)
            self._news.wait_for(
                lambda: (
                    self._closed
                    or len(self._open) > number
                    or any(one.hinted > known for one in self._open.values())
                ),
                pause(self._open.values(), answering=answering, watching=watching),
            )

    def _end(self, run_id: str, outcome: Outcome) -> Followed:
        self._ended[run_id] = outcome
        self._version += 1
        return self._open.pop(run_id)


def _tell(over: Iterable[Followed]) -> None:
    for one in over:
        if one.ended is not None:
            one.ended()
