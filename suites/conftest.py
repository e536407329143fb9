"""The tiers of all tests below: `pytest -m kf_smoke`."""

from pathlib import Path

import pytest

from .tiers import tiers_of

_HERE = Path(__file__).parent


# Of what is collected below this folder alone, and before -m chooses.
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its tiers."""
    _, separator, name = item.nodeid.partition("::")
    required = {name for mark in item.iter_markers("kf_requires") for name in mark.args}
    test = f"{item.path.relative_to(_HERE).as_posix()}{separator}{name}"
    markers = {mark.name for mark in item.iter_markers()}
    for tier in tiers_of(test, markers=markers, required=required):
        item.add_marker(tier)
