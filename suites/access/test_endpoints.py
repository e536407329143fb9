"""Nobody gets in without a login, and we do."""

import pytest

from pytest_kubeflow import Callers, CallerSession

from .endpoints import Endpoint


@pytest.mark.parametrize("name", ["dashboard", "workgroups", "pipelines", "volumes"])
def test_strangers_are_sent_away_and_we_get_in(
    name: str, endpoints: dict[str, Endpoint], owner: CallerSession, callers: Callers
) -> None:
    """The gateway refuses requests without credentials, and accepts ours."""
    endpoint = endpoints[name]
    endpoint.require(owner)
    endpoint.allows(owner)
    endpoint.refuses(callers.anonymous())
    endpoint.allows(owner)
