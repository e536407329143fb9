"""Every fault of a platform can be switched on and off, and leaves nothing behind."""

from __future__ import annotations

import pytest

from pytest_kubeflow.local.faults import ALIASES, FAULTS, OF_PLATFORMS
from pytest_kubeflow.local.platform.faults import TABLE

from .broken import Platform


def test_each_has_its_edits() -> None:
    assert TABLE.keys() == OF_PLATFORMS.keys()
    assert ALIASES.keys() <= OF_PLATFORMS.keys()
    assert set(ALIASES.values()) <= FAULTS.keys()


@pytest.mark.parametrize("fault", ["webhook-leftover", "mpijobs-two-owners"])
def test_one_is_gone_as_soon_as_it_is_off(faulty: Platform, fault: str) -> None:
    with faulty.broken(fault):
        pass
