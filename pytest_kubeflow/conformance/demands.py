"""Demands: what each test of the lists demands of a platform, and where Kubeflow says so itself."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pytest_kubeflow.conformance.requirements import RELEASES, requirements_of


@dataclass(frozen=True, slots=True)
class Demands:
    """Those of one file of tests: `tests` by name, without parameters."""

    file: str
    why: str
    sources: tuple[str, ...]
    tests: dict[str, str]


@cache
def demands() -> tuple[Demands, ...]:
    """All of them, in the order of demands.toml."""
    text = (files(__package__) / "demands.toml").read_text(encoding="utf-8")
    return tuple(
        Demands(file, table["why"], tuple(table["sources"]), dict(table["tests"]))
        for file, table in tomllib.loads(text).items()
    )


def reference() -> str:
    """The demands as Markdown, for docs/reference/conformance.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    names = {
        release: {one.partition("[")[0] for one in requirements_of(release).tests}
        for release in RELEASES
    }
    folder = ""
    for one in demands():
        if (component := one.file.partition("/")[0]) != folder:
            folder = component
            yield from ([""] if component != demands()[0].file.partition("/")[0] else [])
            yield from (f"### {component}", "")
        links = ", ".join(f"[{number}]({url})" for number, url in enumerate(one.sources, start=1))
        yield f"`{one.file}`: {one.why} Sources: {links}."
        yield from ("", "| test | demands | releases |", "| --- | --- | --- |")
        for test, demand in one.tests.items():
            wanted = [release for release in RELEASES if f"{one.file}::{test}" in names[release]]
            message = "all" if len(wanted) == len(RELEASES) else ", ".join(wanted)
            yield f"| `{test}` | {demand} | {message} |"
        yield ""
