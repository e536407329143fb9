"""Budget: how much time and room the bundle may take, for a test and in all."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pytest_kubeflow.waiting import Deadline

TEST_SECONDS = 30.0
SESSION_SECONDS = 180.0
INTERRUPTED_SECONDS = 5.0
"""For the test that an interrupted session was in: somebody, or a CronJob's grace, waits."""

MIB = 1024 * 1024
TEST_BYTES = 20 * MIB
SESSION_BYTES = 200 * MIB
FILE_BYTES = 4 * MIB
LOG_BYTES = 1 * MIB


@dataclass(slots=True)
class Budget:
    """What is left for all tests of this process."""

    seconds: float = SESSION_SECONDS
    bytes: int = SESSION_BYTES

    def for_test(self, seconds: float = TEST_SECONDS) -> TestBudget:
        """What the next test may take."""
        return TestBudget(
            self, Deadline.after(min(seconds, self.seconds)), min(TEST_BYTES, self.bytes)
        )


@dataclass(slots=True)
class TestBudget:
    """What is left for one test; what it takes is the session's."""

    __test__ = False  # its name looks like a test class to pytest

    session: Budget
    deadline: Deadline
    bytes: int
    _began: float = field(default_factory=time.monotonic)

    @property
    def exhausted(self) -> str:
        """Why nothing more may be read; empty while something may."""
        if self.deadline.expired:
            return f"left out: the {self.deadline.seconds:.0f} s for it are over"
        return self.full

    @property
    def full(self) -> str:
        """Why nothing more may be written; empty while something may."""
        return "" if self.bytes > 0 else "left out: the room for one test, or for all, is used up"

    def take(self, count: int) -> None:
        """So many bytes were written."""
        self.bytes -= count
        self.session.bytes -= count

    def close(self) -> None:
        """The test has taken its time."""
        self.session.seconds = max(0.0, self.session.seconds - (time.monotonic() - self._began))
