"""Every entry of the catalogue is whole, and is found by what people call it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.platform.catalogue import FAULTS, find_fault
from pytest_kubeflow.platform.explanation import explain, reference
from pytest_kubeflow.platform.fault import CODE, Fault

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fault-codes.md"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_entry_is_whole(fault: Fault) -> None:
    assert CODE.fullmatch(fault.code)
    assert fault.title[0].isupper()
    assert not fault.title.endswith(".")
    for text in (fault.symptom, fault.looked_at, fault.fix, fault.source):
        assert text.strip() == text
        assert text
    assert explain(fault).startswith(f"{fault.code} {fault.name} ({fault.severity.value}")


def test_codes_and_names_are_used_once() -> None:
    names = [fault.name for fault in FAULTS.values()]
    assert len(names) == len(set(names))
    assert list(FAULTS) == sorted(FAULTS)


@pytest.mark.parametrize("asked", ["KF401", "kf401", " no-default-class ", "No-Default-Class"])
def test_a_fault_is_found_by_code_and_name(asked: str) -> None:
    assert find_fault(asked).code == "KF401"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("no-defualt-clas", r"did you mean KF401 \(no-default-class\)\?"),
        ("KF999", r"the codes are KF"),
        ("", r"known: KF"),
    ],
)
def test_one_that_is_none_is_told(asked: str, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        find_fault(asked)


def test_the_reference_page_has_all_of_it() -> None:
    assert reference() in PAGE.read_text(), (
        "python -m pytest_kubeflow.platform.explanation prints what it should have"
    )
