"""The hooks that let a failed comparison say where its wrong value came from.

`assert 14.11 == 13.0` becomes `assert 14.11 == 13.0: task square-root of run pythagorean-145604e8
gave 14.11, 13.0 expected`: in the traceback, in the short summary, in every report.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import chain
from typing import Any

import pytest
from _pytest._io.saferepr import saferepr

from pytest_kubeflow.provenance import READ

_SHOWN = 60


_compared_key = pytest.StashKey[str]()


def compared(config: pytest.Config) -> str:
    """The sentence about the comparison that failed last in the running test; "" for none."""
    return config.stash.get(_compared_key, "")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What another test has read is no source of this one's values."""
    READ.clear()
    item.config.stash[_compared_key] = ""


@pytest.hookimpl(wrapper=True)
def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> Generator[None, list[Iterable[str] | None], list[Iterable[str] | None]]:
    """Put the source into the first line of what pytest says of a comparison."""
    explanations = yield
    message = config.stash[_compared_key] = sentence(op, left, right)
    if not message:
        return explanations
    found = next((one for one in explanations if one), None)
    if found is None:
        return [[f"{_short(left)} {op} {_short(right)}: {message}"]]
    lines = iter(found)
    first = next(lines, f"{_short(left)} {op} {_short(right)}")
    explained: Any = chain(
        [f"{first}: {message}"], lines
    )  # newer releases of pytest take it lazily
    return [list(explained) if isinstance(found, list) else explained]


def sentence(op: str, left: object, right: object) -> str:
    """Which source gave which value, and what was expected; "" if neither was read."""
    if source := READ.source(left):
        if op == "==":
            return f"{source} gave {_short(left)}, {_short(right)} expected"
        return f"{source} gave {_short(left)}"
    if source := READ.source(right):
        if op == "in":
            return f"{source} does not have {_short(left)}"
        if op == "not in":
            return f"{source} has {_short(left)}"
        return f"{source} gave {_short(right)}"
    return ""


def _short(value: object) -> str:
    return saferepr(value, maxsize=_SHOWN)
