"""Two nodes add up their numbers: they are two, they know it, and they hear each other."""

from typing import Any

import pytest

from pytest_kubeflow import TrainingJob

from .conftest import NODES
from .ring import share_of

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


@pytest.fixture
def told(reduced: TrainingJob) -> dict[str, Any]:
    """What each node has returned, by its name."""
    found = reduced.wait().results()
    silent = [name for name, one in found.items() if one is None]
    assert not silent, f"{reduced} is over, and nothing was returned by {', '.join(silent)}"
    return found


def sums(seed: int, world: int = NODES) -> list[int]:
    """What the numbers of all ranks come to."""
    return [sum(column) for column in zip(*(share_of(r, seed) for r in range(world)), strict=True)]


def test_every_rank_is_there_once(reduced: TrainingJob, told: dict[str, Any]) -> None:
    """Each node of a TrainJob has a rank of its own."""
    ranks = {name: one["rank"] for name, one in told.items()}
    assert ranks == {f"node-{rank}": rank for rank in range(NODES)}, f"ranks of {reduced}: {ranks}"


def test_all_know_how_many_they_are(reduced: TrainingJob, told: dict[str, Any]) -> None:
    """Each node knows how many there are."""
    worlds = {name: one["world"] for name, one in told.items()}
    assert set(worlds.values()) == {NODES}, f"{reduced} has {NODES} nodes, which know of {worlds}"


def test_they_hear_each_other_by_their_hosts(reduced: TrainingJob, told: dict[str, Any]) -> None:
    """Nodes reach each other by their host names.

    Each has heard from all, by the ring, which host has which rank: the same as the pods say.
    """
    hosts = [node.host for node in reduced.nodes]
    assert hosts == [f"{reduced.name}-node-0-{rank}" for rank in range(NODES)]
    assert len({node.pod.metadata.uid for node in reduced.nodes}) == NODES
    members = [{"rank": rank, "host": host, "world": NODES} for rank, host in enumerate(hosts)]
    for name, one in told.items():
        assert one["members"] == members, f"{name} of {reduced} has heard {one['members']}"


def test_all_have_the_right_sum(reduced: TrainingJob, told: dict[str, Any], seed: int) -> None:
    """The sum that all nodes compute together is right."""
    for name, one in told.items():
        assert one["sum"] == sums(seed), f"{name} of {reduced} has {one['sum']}: not the sum of all"


def test_the_object_says_how_it_ended(reduced: TrainingJob) -> None:
    """The TrainJob is Complete, and its counts are right."""
    state = reduced.wait().state
    assert state.phase == "Complete", state.describe()
    ending = state.ending
    assert ending is not None
    assert ending.reason == "AllJobsCompleted", state.describe()
    counts = state.replicas["node"]
    assert (counts.succeeded, counts.failed, counts.active) == (1, 0, 0), state.describe()
    assert {node.phase for node in reduced.nodes} == {"Succeeded"}, state.describe()
