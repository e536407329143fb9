"""Each test of the suites, what it proves, and what it is seen red by: docs/reference/tests.md.

What a test proves is the first line of its docstring; the faults are those of the tables that
tests/suites runs.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import suites
from pytest_kubeflow.conformance.requirements import RELEASES, requirements_of
from pytest_kubeflow.platform.catalogue import FAULTS
from suites.tiers import tiers_of
from tests.chaos.mutations import MUTATIONS, SERVING
from tests.suites.red import training
from tests.suites.test_altered import ACTS
from tests.suites.test_platform_red import CHECKS as PLATFORM
from tests.suites.test_platform_red import asked
from tests.suites.test_red import IN_KNATIVE_MODE, NOT_SEEN, RED
from tests.suites.test_upgrade import LOST


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One of them; `place` is its file below the folder of the suites."""

    place: str
    name: str
    doc: str
    tiers: tuple[str, ...]

    @property
    def id(self) -> str:
        """As pytest has it, below the folder of the suites and without parameters."""
        return f"{self.place}::{self.name}"


def reference() -> str:
    """Its tables, a suite after the other."""
    return "\n".join(_lines())


@cache
def suite_tests() -> tuple[SuiteTest, ...]:
    """All tests of the suites, in the order of their files."""
    return tuple(one for _, tests in _files() for one in tests)


def _files() -> Iterator[tuple[ModuleType, list[SuiteTest]]]:
    for info in sorted(
        pkgutil.walk_packages(suites.__path__, "suites."), key=lambda info: info.name
    ):
        if not info.name.rpartition(".")[2].startswith("test_"):
            continue
        module = importlib.import_module(info.name)
        place = info.name.removeprefix("suites.").replace(".", "/") + ".py"
        found = [
            function
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if name.startswith("test_") and function.__module__ == info.name
        ]
        found.sort(key=lambda function: function.__code__.co_firstlineno)
        yield module, [_test(place, module, one) for one in found]


def _test(place: str, module: ModuleType, function: object) -> SuiteTest:
    name = str(getattr(function, "__name__", ""))
    common = getattr(module, "pytestmark", [])
    marks = [
        *(common if isinstance(common, list) else [common]),
        *getattr(function, "pytestmark", []),
    ]
    markers = {mark.name for mark in marks}
    required = {part for mark in marks if mark.name == "kf_requires" for part in mark.args}
    tiers = {*tiers_of(f"{place}::{name}", markers=markers, required=required), *markers}
    if "kf_upgrade" in markers:
        tiers = {"kf_upgrade"}
    known = ("kf_smoke", "kf_full", "kf_slow", "kf_gpu", "kf_load", "kf_upgrade")
    shown = tuple(one.removeprefix("kf_") for one in known if one in tiers)
    return SuiteTest(place, name, _first_line(function), shown[:1])


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _lines() -> Iterator[str]:
    folder = ""
    for module, tests in _files():
        (place,) = {one.place for one in tests}
        if (suite := place.partition("/")[0]) != folder:
            folder = suite
            yield from (f"## {suite}", "")
        yield from (f"`{place}`: {_first_line(module)}", "")
        yield "| test | proves | runs | required by | seen red by |"
        yield "| --- | --- | --- | --- | --- |"
        for one in tests:
            proves = one.doc.replace("|", "\\|")
            cells = (f"`{one.name}`", proves, ", ".join(one.tiers), _lists(one), _red(one))
            yield f"| {' | '.join(cells)} |"
        yield ""


def _lists(test: SuiteTest) -> str:
    wanted = [
        release
        for release in RELEASES
        if any(one.partition("[")[0] == test.id for one in requirements_of(release).tests)
    ]
    return "all" if len(wanted) == len(RELEASES) else ", ".join(wanted) or "none"


def _red(test: SuiteTest) -> str:
    if test.id in PLATFORM:
        return ", ".join(
            f"[{code}](fault-codes.md#{code.lower()}-{FAULTS[code].name})"
            for code in asked(PLATFORM[test.id]).codes
        )
    faults = [f"`{one}`" for one in _faults().get(test.id, ())]
    if test.id in _altered():
        faults.append("*false responses*")
    if test.tiers == ("upgrade",):
        after = test.id.removeprefix("upgrade/") in LOST
        return "what it looks at is removed or changed" if after else "by the test after it"
    return ", ".join(faults) or f"*not seen*: {_not_seen()[test.id]}"


@cache
def _faults() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table in (RED, IN_KNATIVE_MODE, training.OF_OPERATOR):
        for fault, checks in table.items():
            for check in checks:
                names = found.setdefault(check.partition("[")[0], [])
                if fault not in names:
                    names.append(fault)
    return {check: sorted(names) for check, names in found.items()}


@cache
def _altered() -> frozenset[str]:
    changed = [check for act in ACTS for check in act]
    changed += [one.test for one in (*MUTATIONS, *SERVING)]
    return frozenset(one.partition("[")[0] for one in changed)


@cache
def _not_seen() -> dict[str, str]:
    return {check.partition("[")[0]: why for check, why in NOT_SEEN.items()}
