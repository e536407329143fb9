"""Each fault that shows in a snapshot is found, alone, and said in a sentence."""

from __future__ import annotations

import pytest

from pytest_kubeflow.platform.catalogue import FAULTS
from tests.platform.broken import BROKEN
from tests.platform.broken.whole import a_snapshot, findings


def test_a_whole_platform_has_none() -> None:
    assert [one.sentence for one in findings(a_snapshot())] == []


@pytest.mark.parametrize("code", BROKEN)
def test_a_fault_is_found_alone(code: str) -> None:
    found = findings(BROKEN[code].snapshot())
    assert [(one.code, one.sentence) for one in found] == [(code, BROKEN[code].sentence)]


@pytest.mark.parametrize("code", BROKEN)
def test_a_finding_says_what_to_do_and_about_what(code: str) -> None:
    (finding,) = findings(BROKEN[code].snapshot())
    assert finding.fix
    assert finding.objects
    assert finding.severity.weight >= FAULTS[code].severity.weight
    assert "\n" not in finding.sentence
