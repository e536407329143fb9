"""The sentence that says why a test is not green: one line, for people."""

from __future__ import annotations

import re

from pytest_kubeflow.errors import KubeflowError

_LONGEST = 600
# Of a traceback as pytest prints it, the lines with the error.
_ERROR_LINE = re.compile(r"^E\s+(\S.*)$", re.MULTILINE)


def sentence_of(error: BaseException, compared: str = "") -> str:
    """That of an exception; `compared` is what was said of the last comparison in this test."""
    if isinstance(error, KubeflowError):
        return one_line(error.message)
    told = _first_line(str(getattr(error, "msg", None) or error))
    if isinstance(error, AssertionError):
        # "assert 14.11 == 13.0: task square-root gave 14.11, ..." repeats itself.
        return one_line(compared) if compared and compared in told else one_line(told)
    if type(error).__module__ == "builtins" and hasattr(error, "msg"):  # pytest's own outcomes
        return one_line(told)
    name = type(error).__name__
    return one_line(f"{name}: {told}" if told else name)


def sentence_in(text: str) -> str:
    """The same from what is printed of a failure: its first line of an error, or its last line."""
    if found := _ERROR_LINE.search(text):
        return one_line(found[1])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(lines[-1] if lines else "")


def one_line(text: str) -> str:
    """On one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
