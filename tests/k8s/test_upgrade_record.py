"""What was left before an upgrade is found after it, or one line says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.sessions.upgrade_record import THING, find_record, leave
from pytest_kubeflow.local.cluster import LocalKubeflow

DAY = 86400.0


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[KubernetesClient]:
    with LocalKubeflow(multi_user=False) as cluster:
        yield KubernetesClient(cluster.endpoints.kubeconfig)


@pytest.fixture
def namespace(kubernetes: KubernetesClient) -> str:
    name = Ownership("tester").name("upgrade")
    kubernetes.core.create_namespace({"metadata": {"name": name}})
    return name


def test_the_last_session_counts(kubernetes: KubernetesClient, namespace: str) -> None:
    first, second = Ownership("ann-at-laptop"), Ownership("ci-at-runner")
    leave(kubernetes, namespace, first, "volume", {"name": "old"}, lifetime=DAY)
    leave(kubernetes, namespace, first, "run", {"id": "old"}, lifetime=DAY)
    found = find_record(kubernetes, namespace, now=first.clock())
    assert found.things == {"volume": {"name": "old"}, "run": {"id": "old"}}
    assert (found.run_id, found.namespace) == (first.run_id, namespace)
    assert "of ann-at-laptop" in str(found)

    wait_a_second(kubernetes, namespace)
    leave(kubernetes, namespace, second, "volume", {"name": "new"}, lifetime=DAY)
    found = find_record(kubernetes, namespace, now=second.clock())
    assert found.things == {"volume": {"name": "new"}}
    assert find_record(kubernetes, None, now=second.clock()).run_id == second.run_id


def wait_a_second(kubernetes: KubernetesClient, namespace: str) -> None:
    """Until what is made is of a later second: times of Kubernetes are whole ones."""

    def made(number: int) -> Any:
        body = {"metadata": {"name": f"tick-{number}"}}
        return kubernetes.core.create_namespaced_config_map(namespace, body).metadata

    first, number = made(0).creation_timestamp, 1
    while made(number).creation_timestamp == first:
        number += 1


def test_nothing_and_what_has_expired_are_told(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    now = Ownership("ann").clock()
    with pytest.raises(ConfigurationError, match=f"nothing is left in namespace {namespace} by"):
        find_record(kubernetes, namespace, now=now)
    leave(kubernetes, namespace, Ownership("ann"), "volume", {}, lifetime=DAY)
    with pytest.raises(ConfigurationError, match="has expired: run that again, with a longer"):
        find_record(kubernetes, namespace, now=now + 2 * DAY)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "has no JSON in facts.json"), ("[]", "has no object in facts.json")]
)
def test_a_record_that_somebody_has_changed_is_told(
    kubernetes: KubernetesClient, namespace: str, text: str, message: str
) -> None:
    ownership = Ownership("ann")
    leave(kubernetes, namespace, ownership, "volume", {}, lifetime=DAY)
    core = kubernetes.core
    (one,) = core.list_namespaced_config_map(namespace, label_selector=THING).items
    core.patch_namespaced_config_map(one.metadata.name, namespace, {"data": {"facts.json": text}})
    with pytest.raises(ConfigurationError, match=message):
        find_record(kubernetes, namespace, now=ownership.clock())
