"""Draft: the JSON of a session while it runs, for the case that its process is killed.

What is there then is no report of an earlier session, and says which test was running. Nothing else
can: os._exit, SIGKILL and the thread of pytest-timeout call no hook.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_kubeflow.reporting.collecting import SessionCollector

_SHARE = 20
"""Writing takes one part of so many of a session's time, at most."""

_ALWAYS = 0.05
"""Seconds up to which it is written for each test, whatever that test takes."""


class Draft:
    """Written when a test begins, unless the last time took too long and was not long ago."""

    def __init__(
        self,
        path: Path,
        collector: SessionCollector,
        session: pytest.Session,
        redact: Callable[[str], str],
    ) -> None:
        self._path = path
        self._collector = collector
        self._redact = redact
        self._session = session
        self._took = 0.0
        self._due = 0.0

    # After the collector. Not before the first test, whose time pytest-timeout counts already.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """The tests are known, in one process."""
        self._write()

    @pytest.hookimpl(trylast=True, optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """The same, as a worker of pytest-xdist tells it."""
        self._write()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self) -> None:
        """A test begins."""
        if self._took <= _ALWAYS or time.monotonic() >= self._due:
            self._took = self._write()
            self._due = time.monotonic() + _SHARE * self._took

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self) -> None:
        """The session ends by a signal: to remove what it made may take longer than is left."""
        self._write()

    def _write(self) -> float:
        """The seconds of computing that it took, which are not those of a busy machine."""
        from pytest_kubeflow.reporting.records.document import dump
        from pytest_kubeflow.reporting.writing import replace_file

        began = time.thread_time()
        text = self._redact(dump(self._collector.record(self._session, draft=True)).decode())
        with suppress(OSError):  # it is told at the session's end
            replace_file(self._path, text.encode("utf-8", "backslashreplace"))
        return time.thread_time() - began
