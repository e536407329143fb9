"""What the plugin prints, as its source has it: for docs/reference/troubleshooting.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest_kubeflow
import suites
from pytest_kubeflow.config.weaknesses import WEAKNESSES
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.skipping.cause import CAUSES

_PACKAGE = Path(pytest_kubeflow.__file__).parent
_VALUE = "\0"
"""Stands for a value in a sentence."""


def reference() -> str:
    """Names that users may match: classes of errors, causes of skips, known weaknesses."""
    return "\n".join(
        [
            "## Classes of errors",
            "",
            "All are importable from `pytest_kubeflow`, and are KubeflowErrors. "
            "`pytest.raises(RunFailed)` catches one.",
            "",
            *_table(("class", "when"), sorted(_classes())),
            "",
            "## Causes of skips",
            "",
            "`--kf-allow-skip=CAUSE` lets `--kf-strict` pass these; `--kf-require=CAUSE` makes "
            "them red.",
            "",
            *_table(("cause", "in the last line"), sorted(CAUSES.items())),
            "",
            "## Known weaknesses",
            "",
            "`--kf-accept=NAME` has the test that finds one pass as expected to fail.",
            "",
            *_table(("name", "what is wrong"), sorted(WEAKNESSES.items())),
        ]
    )


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "| --- | --- |"
    for name, found in rows:
        yield f"| `{name}` | {found} |"


def _classes() -> Iterator[tuple[str, str]]:
    for name in pytest_kubeflow.__all__:
        found = getattr(pytest_kubeflow, name)
        if isinstance(found, type) and issubclass(found, KubeflowError):
            first = (found.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
            first = first.replace("The root of the tree above.", "The root of all others.")
            yield name, re.sub(r"\s+", " ", first)


@cache
def templates() -> tuple[str, ...]:
    """All texts of the plugin and the suites but docstrings, with a mark for each value."""
    found: list[str] = []
    embedded = _PACKAGE / "local"
    for path in (*_PACKAGE.rglob("*.py"), *Path(suites.__path__[0]).rglob("*.py")):
        if not path.is_relative_to(embedded):
            found += _texts(ast.parse(path.read_text(encoding="utf-8")))
    return tuple(found)


def _texts(tree: ast.Module) -> Iterator[str]:
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = (
                part.value if isinstance(part, ast.Constant) else _VALUE for part in node.values
            )
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and id(node) not in skipped:
            yield node.value if isinstance(node.value, str) else ""


def is_printed(fragment: str) -> bool:
    """Whether some text of the source has this fragment, in which "..." stands for anything."""
    parts = [part.strip() for part in fragment.split("...") if part.strip()]
    return any(_in_order(parts, one) for one in templates())


def _in_order(parts: list[str], text: str) -> bool:
    at = 0
    for part in parts:
        if (found := text.find(part, at)) < 0:
            return False
        at = found + len(part)
    return True
