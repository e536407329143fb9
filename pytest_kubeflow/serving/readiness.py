"""Waiting for a service: until the wanted spec serves, and no longer once it never will."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.evidence import last_words
from pytest_kubeflow.serving.state import ServiceState
from pytest_kubeflow.serving.workload import Workload
from pytest_kubeflow.waiting import Deadline, wait_until

_FAILING_SECONDS = 20.0
"""Seconds for which a failed load must be reported before it counts as the end.

The first failure may be a store's hiccup that the kubelet's next attempt, ten seconds later, mends.
"""


@dataclass
class Look:
    """A service and its workload at one moment. `waits_for` is empty once it is ready."""

    state: ServiceState
    workload: Workload

    @property
    def waits_for(self) -> str:
        """What it waits for, in one line."""
        if not self.state.says_ready:
            return self.state.describe()
        return self.workload.waits_for(self.state)


@dataclass
class Watch:
    """Waits for one service. `look` raises NotFound once it is gone."""

    name: str
    look: Callable[[], Look]
    evidence: Callable[[], Evidence]
    clock: Callable[[], float] = time.monotonic
    listener: Callable[[str, str | None], None] | None = None
    _failing_since: float | None = field(default=None, init=False)

    def until_ready(self, deadline: Deadline) -> ServiceState:
        """Wait until the newest spec serves alone; returns the state that says so.

        Raises ServiceFailed as soon as that will not happen, WaitTimeout at the deadline, both
        with conditions, the loader's log, pods and events.
        """
        try:
            found = wait_until(
                self._seen,
                self._is_ready,
                deadline=deadline,
                what=f"InferenceService {self.name} to be ready",
                interval=0.2,
                describe=lambda look: look.waits_for or "ready",
                evidence=self.evidence,
            )
        finally:
            self._tell(None)
        return found.state

    def _tell(self, state: str | None) -> None:
        if self.listener is not None:
            self.listener(f"InferenceService {self.name}", state)

    def _seen(self) -> Look:
        try:
            return self.look()
        except NotFound as error:
            raise ServiceFailed(
                f"InferenceService {self.name} was deleted while it was waited for",
                evidence=self.evidence(),
            ) from error

    def _is_ready(self, look: Look) -> bool:
        if not look.waits_for:
            return True
        self._tell(look.waits_for)
        if reason := self._final(look):
            seen = self.evidence()
            said = last_words(seen)
            message = f"; it said last: {said}" if said and said not in reason else ""
            raise ServiceFailed(
                f"InferenceService {self.name} will not be ready: {reason}{message}", evidence=seen
            )
        return False

    def _final(self, look: Look) -> str:
        """Why it will never be ready; empty while it still may."""
        state = look.state
        if state.is_being_deleted:
            return "it is being deleted"
        if state.is_stopped:
            return state.describe()
        if state.is_stale and not state.invalid:
            self._failing_since = None
            return look.workload.hopeless
        if state.invalid:
            return state.invalid
        if reason := look.workload.hopeless:
            return f"{reason}; KServe says: {state.failure}" if state.failure else reason
        if not state.failure:
            self._failing_since = None
            return ""
        if self._failing_since is None:
            self._failing_since = self.clock()
        return state.failure if self.clock() - self._failing_since >= _FAILING_SECONDS else ""
