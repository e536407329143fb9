"""No false answer stays green: each mutation reddens its test, which says what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.chaos.mutated import mutated_session
from tests.chaos.mutation import Mutation
from tests.chaos.mutations import FILES, MUTATIONS, OBJECTS, RUNS, UPLOADS
from tests.chaos.proxied_cluster import ProxiedCluster
from tests.chaos.proxy import chaos


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProxiedCluster, Endpoints]]:
    """A cluster, and the way to it that falsifies."""
    with LocalKubeflow() as running, chaos() as proxy:
        proxied = ProxiedCluster.through(proxy, running.endpoints, tmp_path_factory.mktemp("way"))
        yield proxied, running.endpoints


# One session for many: a session of its own for each would take minutes.
@pytest.mark.parametrize(
    "mutations", [RUNS, [*FILES, *OBJECTS, *UPLOADS]], ids=["runs", "what-is-kept"]
)
def test_no_mutation_stays_green(
    led: tuple[ProxiedCluster, Endpoints], mutations: list[Mutation]
) -> None:
    mutated = mutated_session(*led, mutations)
    unnoticed = {
        one.name: f"{verdict.outcome}, not {one.told}:\n{verdict.report}"
        for one in mutations
        if not (verdict := mutated.verdicts[one.name]).notices(one)
    }
    assert not unnoticed, f"{'; '.join(unnoticed)}\n{unnoticed}\n{mutated.outcome.output}"


def test_names_are_used_once() -> None:
    assert set(Counter(one.name for one in MUTATIONS).values()) == {1}
