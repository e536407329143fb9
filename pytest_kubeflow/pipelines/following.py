"""Following one run until it ends: asked often at first, at once when Kubernetes has news.

The API's answer decides. A change of the run's Workflow object is a hint to ask now, and often
again: the persistence agent copies its state into the API some seconds later.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from pytest_kubeflow.errors import ClusterUnreachable, Evidence, WaitTimeout
from pytest_kubeflow.waiting import Deadline

FINAL_STATES = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
"""States that no run leaves (backend/api/v2beta1/run.proto in kubeflow/pipelines)."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_GROWTH = 1.4


class Stateful(Protocol):
    """What an answer about a run must have."""

    @property
    def state(self) -> str:
        """The run's state, such as "RUNNING"; empty where the API has none yet."""


Answer = TypeVar("Answer", bound=Stateful)


class Hint:
    """Says that asking now may be worth it. Any thread may `give` it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def give(self) -> None:
        """There is news."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait for news that long; whether there was some. Takes it."""
        given = self._event.wait(seconds)
        self._event.clear()
        return given


def follow(
    ask: Callable[[], Answer],
    *,
    deadline: Deadline,
    what: str,
    hint: Hint | None = None,
    patience: float = 60.0,
    evidence: Callable[[], Evidence] | None = None,
) -> Answer:
    """Ask until the state is a final one, and return that answer, whatever the state.

    ClusterUnreachable from `ask` is borne while the outage lasts less than `patience` seconds.
    Raises WaitTimeout with the last state and the evidence, or the ClusterUnreachable.
    """
    hint = hint or Hint()
    pause = _FIRST_PAUSE
    last = "no answer yet"
    down_since: float | None = None
    while True:
        try:
            answer = ask()
        except ClusterUnreachable:
            down_since = down_since or time.monotonic()
            if deadline.expired or time.monotonic() - down_since > patience:
                raise
        else:
            down_since = None
            last = answer.state or "PENDING"
            if last in FINAL_STATES:
                return answer
        if deadline.expired:
            raise WaitTimeout(
                f"timed out after {deadline.seconds:g} s waiting for {what} to end; "
                f"last state: {last}",
                state=last,
                evidence=evidence() if evidence else None,
            )
        news = hint.wait(deadline.at_most(pause))
        pause = _FIRST_PAUSE if news else min(pause * _GROWTH, _LONGEST_PAUSE)


@contextlib.contextmanager
def workflow_hints(open_watch: Callable[[], Any] | None) -> Iterator[Hint]:
    """A Hint that is given whenever the watch that `open_watch` opens says something.

    `open_watch` returns an urllib3 response whose body is read as it comes. Without one, or where
    it is refused or breaks off, the hint is simply never given: following goes on by asking.
    """
    hint = Hint()
    if open_watch is None:
        yield hint
        return
    reader = _WatchReader(open_watch, hint)
    reader.start()
    try:
        yield hint
    finally:
        reader.stop()


class _WatchReader(threading.Thread):
    """Reads a watch without looking into it: that there is news is all the news."""

    def __init__(self, open_watch: Callable[[], Any], hint: Hint) -> None:
        super().__init__(name="workflow-watch", daemon=True)
        self._open_watch = open_watch
        self._hint = hint
        self._lock = threading.Lock()
        self._response: Any = None
        self._stopped = False

    def run(self) -> None:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        # ValueError and AttributeError: what urllib3 says when its response is closed under it.
        with contextlib.suppress(ApiException, HTTPError, OSError, ValueError, AttributeError):
            response = self._open_watch()
            with self._lock:
                self._response = response
                if self._stopped:
                    response.close()
                    return
            for _chunk in response.stream(amt=None):
                self._hint.give()

    def stop(self) -> None:
        """End the thread, even in the middle of a read."""
        with self._lock:
            self._stopped = True
            response = self._response
        if response is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
                # Closing alone would wait for the reading thread's lock.
                response.shutdown()
            # The thread ends on its own once the read returns.
        self.join(2.0)
        if response is not None and not self.is_alive():
            response.close()
