"""The rights that each suite needs, as `--kf-manifests=rbac` prints them: for footprint.md.

Their names and needs come from one collection of all suites: this module is the plugin that reads
them there, and what starts it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.incluster.rights import rights_for
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.rightstable import Right, Rules, rules_of

ROOT = Path(__file__).parents[2]
_FILE = "KF_DOCS_NEEDS"
"""The variable that names the file to write to."""


_collected: dict[str, list[pytest.Item]] = {}
"""The tests of each suite, those too that a session without --kf-upgrade leaves out."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Take a test down with its suite."""
    _collected.setdefault(item.path.parent.name, []).append(item)


def pytest_collection_finish() -> None:
    """Write what the tests of each suite need."""
    from pytest_kubeflow.fixtures.session.needs import needs_of

    found = {suite: needs_of(tests).to_plain() for suite, tests in _collected.items()}
    Path(os.environ[_FILE]).write_text(json.dumps(found), encoding="utf-8")


def reference() -> str:
    """A table for each suite."""
    return "\n".join(_lines())


def rules_by_suite() -> dict[str, Rules]:
    """The rules of each, where its session shows a token of its account."""
    return {suite: rules_of(rights_for(needs, "projected")) for suite, needs in _needs().items()}


def _lines() -> Iterator[str]:
    for suite, needs in _needs().items():
        yield from (f"### {suite}", "")
        yield from _table(needs)
        yield ""


def _table(needs: Needs) -> Iterator[str]:
    rows: dict[tuple[bool, str, str], list[Right]] = {}
    for right in rights_for(needs, "projected"):
        names = f" ({', '.join(right.names)})" if right.names else ""
        rows.setdefault((right.cluster_wide, right.kind, names), []).append(right)
    yield "| resource | verbs | for | without it |"
    yield "| --- | --- | --- | --- |"
    for (everywhere, kind, names), rights in sorted(rows.items(), key=lambda row: row[0]):
        verbs = dict.fromkeys(verb for one in rights for verb in one.verbs)
        purposes = dict.fromkeys(one.purpose for one in rights)
        where = ", **cluster-wide**" if everywhere else ""
        lost = "tests do not run" if any(one.stops for one in rights) else "tests run"
        yield f"| `{kind}`{names}{where} | {', '.join(verbs)} | {'; '.join(purposes)} | {lost} |"


@cache
def _needs() -> dict[str, Needs]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "needs.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--collect-only", "-q", "suites"),
                *("-p", "no:cacheprovider", "-p", "tests.docs.rights"),
            ],
            cwd=ROOT,
            env={**os.environ, _FILE: str(file)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {suite: Needs.from_plain(plain) for suite, plain in sorted(found.items())}
