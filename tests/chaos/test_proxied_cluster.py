"""Sessions through the proxy: green where nothing is done to them, and told as hung if they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.chaos.fault import Fault
from tests.chaos.plan import Plan, Rule
from tests.chaos.proxied_cluster import ProxiedCluster
from tests.chaos.proxy import chaos
from tests.suites.red.objectstore import KEYS
from tests.suites.red.volumes import SORTED


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedCluster]:
    with LocalKubeflow() as running, chaos() as proxy:
        yield ProxiedCluster.through(proxy, running.endpoints, tmp_path_factory.mktemp("proxied"))


def test_the_proxy_is_no_reason_to_fail(proxied: ProxiedCluster) -> None:
    proxied.proxy.begin(plan := Plan())
    outcome = proxied.session([SORTED, KEYS])
    assert outcome.tests == {SORTED: "PASSED", KEYS: "PASSED"}, outcome.output
    assert (outcome.code, outcome.red) == (0, [])
    assert {server for server, _, _ in plan.seen} == {"gateway", "kubernetes", "store"}


def test_a_session_that_does_not_end_has_hung(proxied: ProxiedCluster) -> None:
    proxied.proxy.begin(Plan(rules=[Rule(Fault.HANG, nth=0)]))
    outcome = proxied.session([KEYS], seconds=1)
    assert outcome.code is None, outcome.output
