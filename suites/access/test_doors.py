"""Nobody gets in without a login, and we do."""

import pytest

from pytest_kubeflow import Visitor, Visitors

from .doors import Door


@pytest.mark.parametrize("name", ["dashboard", "workgroups", "pipelines", "volumes"])
def test_strangers_are_sent_away_and_we_get_in(
    name: str, doors: dict[str, Door], owner: Visitor, visitors: Visitors
) -> None:
    """The gateway refuses requests without credentials, and accepts ours."""
    door = doors[name]
    door.require(owner)
    door.opens_for(owner)
    door.refuses(visitors.anonymous())
    door.opens_for(owner)
