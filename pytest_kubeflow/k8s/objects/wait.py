"""ObjectWait: until the end of what an object stands for, and no longer once that never comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound
from pytest_kubeflow.waiting import Deadline, wait_until

_LOOK_AROUND = 2.0
"""Seconds between two looks at pods and the like; the object itself is read more often."""


class Ending(Protocol):
    """What an object says of itself."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""

    @property
    def is_being_deleted(self) -> bool:
        """Whether it is on its way out."""

    def describe(self) -> str:
        """How it stands, on one line."""


S = TypeVar("S", bound=Ending)


@dataclass
class ObjectWait(Generic[S]):
    """Waits for one, which messages call `what`: "Workflow team/mine".

    `look` raises NotFound once it is gone, `hopeless` says why it will not end, if that is clear.
    Meanwhile `listener` is told its `progress`, and None at the end. At the deadline `in_its_way`
    says what it waited for, which may mend itself yet.
    """

    what: str
    look: Callable[[], S]
    hopeless: Callable[[S], str]
    evidence: Callable[[], Evidence]
    failed: type[KubeflowError]
    progress: Callable[[S], str]
    listener: Callable[[str, str | None], None] | None = None
    in_its_way: Callable[[S], str] | None = None
    interval: float = 0.1
    clock: Callable[[], float] = time.monotonic
    _looked: float = field(default=float("-inf"), init=False)

    def until_over(self, deadline: Deadline) -> S:
        """What it says once it has ended, in whatever way.

        Raises `failed` if it is gone, or as soon as it is clear that it will not end; WaitTimeout
        at the deadline.
        """
        try:
            return wait_until(
                self._seen,
                self._is_over,
                deadline=deadline,
                what=f"{self.what} to end",
                interval=self.interval,
                longest=1.0,
                describe=self._described,
                evidence=self.evidence,
            )
        finally:
            self._tell(None)

    def _described(self, state: S) -> str:
        message = state.describe()
        if self.in_its_way is None:
            return message
        try:
            found = self.in_its_way(state)
        except KubeflowError as error:
            found = f"what is in its way cannot be read: {error.message}"
        return f"{message}; {found}" if found else message

    def _tell(self, state: str | None) -> None:
        if self.listener is not None:
            self.listener(self.what, state)

    def _seen(self) -> S:
        try:
            return self.look()
        except NotFound as error:
            raise self.failed(f"{self.what} was deleted while it was waited for") from error

    def _is_over(self, state: S) -> bool:
        if state.is_over:
            return True
        self._tell(self.progress(state))
        if reason := self._reason(state):
            raise self.failed(f"{self.what} will not end: {reason}", evidence=self.evidence())
        return False

    def _reason(self, state: S) -> str:
        if state.is_being_deleted:
            return "it is being deleted"
        now = self.clock()
        if now - self._looked < _LOOK_AROUND:
            return ""
        self._looked = now
        return self.hopeless(state)
