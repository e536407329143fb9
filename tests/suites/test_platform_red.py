"""Each check of the suite `platform` fails by each of its faults, and says what it could not see.

That each fault is found on a cluster that has it is for tests/platform.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable

import pytest

import suites.platform
from pytest_kubeflow.errors import PlatformFault
from pytest_kubeflow.platform.catalogue import FAULTS
from pytest_kubeflow.platform.expectation import PlatformHealth
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.health import Health
from pytest_kubeflow.platform.snapshot import Unseen
from tests.platform.snapshots import snapshot_of

Check = Callable[[PlatformHealth], None]


def checks() -> dict[str, Check]:
    """All of the suite, by the names that pytest gives them."""
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(suites.platform.__path__):
        if module.name.startswith("test_"):
            loaded = importlib.import_module(f"suites.platform.{module.name}")
            for name, function in inspect.getmembers(loaded, inspect.isfunction):
                if name.startswith("test_"):
                    found[f"platform/{module.name}.py::{name}"] = function
    return found


class Asked(PlatformHealth):
    """Takes down what is expected."""

    def __init__(self) -> None:
        super().__init__(health())
        self.codes: tuple[str, ...] = ()
        self.reads: tuple[str, ...] = ()

    def expect_none(self, *codes: str, reads: Iterable[str] = ()) -> None:
        self.codes, self.reads = codes, tuple(reads)


def asked(check: Check) -> Asked:
    found = Asked()
    check(found)
    return found


def health(*codes: str, unseen: Iterable[Unseen] = ()) -> Health:
    found = [
        Finding(
            fault=FAULTS[code],
            component="x",
            severity=Severity.BROKEN,
            sentence=f"found {code}",
            fix="mend it",
        )
        for code in codes
    ]
    return Health(found, tuple(unseen), snapshot_of())


CHECKS = checks()


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_fails_by_each_of_its_faults_and_by_no_other(check: Check) -> None:
    ours = asked(check).codes
    assert ours
    for code in ours:
        with pytest.raises(PlatformFault) as failed:
            check(PlatformHealth(health(code)))
        assert failed.value.message == f"{code} found {code}"
    check(PlatformHealth(health(*(code for code in FAULTS if code not in ours))))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_what_was_not_looked_at_does_not_pass(check: Check) -> None:
    reads = asked(check).reads
    assert reads
    for one in reads:
        lacking = health(unseen=[Unseen(one, "may not be listed")])
        with pytest.raises(PlatformFault, match=r"cannot be told .*: may not be listed$"):
            check(PlatformHealth(lacking))


def test_every_fault_has_its_check() -> None:
    expected = [code for check in CHECKS.values() for code in asked(check).codes]
    assert sorted(expected) == sorted(FAULTS)
