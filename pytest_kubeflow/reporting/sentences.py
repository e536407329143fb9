"""The sentence that says why a test is not green: one line, for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from traceback import TracebackException

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.reporting.sdk_errors import sentence_of_sdk

_LONGEST = 600
_LONGEST_STATEMENT = 160
_NAMED = 3
_NAMED_RUNS = 2
_ASSERT = "assert "
# Of a traceback as pytest prints it, the line with the error; a SyntaxError has its file before it.
_ERROR_LINES = (
    re.compile(r"^E {3}(\S.*)$", re.MULTILINE),
    re.compile(r"^E\s+(\S.*)$", re.MULTILINE),
)


def sentence_of(
    error: BaseException, compared: str = "", *, statement: str = "", runs: Sequence[str] = ()
) -> str:
    """That of an exception.

    `compared` is what was said of the last comparison in this test, `statement` the line of the
    test that raised it, `runs` are the names of the test's runs.
    """
    if isinstance(error, KubeflowError):
        return one_line(error.message)
    message = _first_line(str(getattr(error, "msg", None) or _text_of(error)))
    if isinstance(error, AssertionError):
        # "assert 14.11 == 13.0: task square-root gave 14.11, ..." repeats itself.
        said = compared if compared and compared in message else _asserted(message, statement)
        return one_line(said + _of_runs(said, runs))
    if type(error).__module__ == "builtins" and hasattr(error, "msg"):  # pytest's own outcomes
        return one_line(message)
    if sentence := sentence_of_sdk(error):
        return one_line(sentence)
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(sentence_of(one) for one in error.exceptions[:_NAMED])
        return one_line(f"{message}: {inner}")
    name = type(error).__name__
    return one_line(f"{name}: {message}" if message else name)


def _text_of(error: BaseException) -> str:
    """Its text, of one that cannot tell it too."""
    return str(TracebackException(type(error), error, None, compact=True))


def _asserted(message: str, statement: str) -> str:
    """What a failed assertion says; two bare values do not say what they are: its source does."""
    statement = " ".join(statement.split())
    if not statement.startswith(_ASSERT) or (message and not message.startswith(_ASSERT)):
        return message or "AssertionError"
    if len(statement) > _LONGEST_STATEMENT:
        statement = f"{statement[: _LONGEST_STATEMENT - 1]}…"
    values = message.removeprefix(_ASSERT)
    return f"{statement}: {values}" if values and values not in statement else statement


def _of_runs(sentence: str, runs: Sequence[str]) -> str:
    if not runs or any(name in sentence for name in runs):
        return ""
    names = [*runs[:_NAMED_RUNS]]
    names += [f"{len(runs) - _NAMED_RUNS} more"] if len(runs) > _NAMED_RUNS else []
    return f" (run{'' if len(runs) == 1 else 's'} {', '.join(names)})"


def sentence_in(text: str) -> str:
    """The same from what is printed of a failure: its first line of an error, or its last line."""
    for pattern in _ERROR_LINES:
        if found := pattern.search(text):
            return one_line(found[1])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(lines[-1] if lines else "")


def one_line(text: str) -> str:
    """On one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
