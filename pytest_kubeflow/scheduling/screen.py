"""TerminalScreen: pytest's terminal, past its capture, as progress is shown there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from pytest_kubeflow.plain_text import plain

_ERASE_BELOW = "\x1b[J"
_UP = "\x1b[{}A"


class TerminalScreen:
    """Only the thread that runs the tests may write here: nobody else can suspend the capture.

    `redact` takes secrets out of each line.
    """

    def __init__(self, config: pytest.Config, redact: Callable[[str], str]) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._redact = redact
        self._drawn = 0

    @property
    def is_live(self) -> bool:
        """Whether it is a terminal that knows how to go back."""
        return bool(self._reporter.isatty) and os.environ.get("TERM", "dumb") != "dumb"

    def line(self, text: str) -> None:
        """Write a line of its own; what pytest writes next begins on another."""
        with self._uncaptured():
            self._reporter.ensure_newline()
            self._reporter.write_line(plain(self._redact(text)))

    def draw(self, lines: Sequence[str]) -> None:
        """Show these instead of those before, each cut to the terminal's width."""
        if not lines and not self._drawn:
            return
        with self._uncaptured():
            if self._drawn:
                self._reporter.write(_UP.format(self._drawn) + "\r" + _ERASE_BELOW)
            else:
                self._reporter.ensure_newline()
            width = self._reporter._tw.fullwidth - 1
            for one in lines:
                self._reporter.write(f"{plain(self._redact(one))[:width]}\n", flush=True)
            self._drawn = len(lines)

    @contextlib.contextmanager
    def _uncaptured(self) -> Iterator[None]:
        if self._capture is None:
            yield
            return
        with self._capture.global_and_fixture_disabled():
            yield
