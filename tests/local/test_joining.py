"""What a node learns of a cluster that it joins, of API servers of several releases."""

from __future__ import annotations

import json

import pytest

from pytest_kubeflow.local.joining import OldKubernetesError, service_cidrs, takes_trainer
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.training.release import V2_1, V2_2
from tests.local.test_kube_client import against, answer, refused

# As Kubernetes 1.31.14 and 1.34.4 say it of 192.0.2.1, or of any address outside.
OUTSIDE = (
    'Service "cluster-ips-x" is invalid: spec.clusterIPs: Invalid value: []string{"192.0.2.1"}: '
    "failed to allocate IP 192.0.2.1: the provided IP (192.0.2.1) is not in the valid range. The "
    "range of valid IPs is 198.19.106.0/24"
)
MISSING = refused(404, "NotFound", "the server could not find the requested resource")


def learned(*answers: bytes) -> list[str]:
    found: list[str] = []

    async def ask(client: KubeClient) -> None:
        found.extend(await service_cidrs(client))

    against(list(answers), ask)
    return found


def test_cluster_ips_are_those_of_the_objects_that_tell_them() -> None:
    cidrs = {"items": [{"spec": {"cidrs": ["10.96.0.0/12", "fd00::/108"]}}]}
    assert learned(answer(json.dumps(cidrs).encode())) == ["10.96.0.0/12"]


def test_before_there_were_such_objects_a_refusal_tells_them() -> None:
    assert learned(MISSING, refused(422, "Invalid", OUTSIDE)) == ["198.19.106.0/24"]


@pytest.mark.parametrize(
    "message",
    [refused(403, "Forbidden", "no"), refused(422, "Invalid", "fd00::/108"), answer(b"{}")],
)
def test_where_nothing_tells_them_there_are_none(message: bytes) -> None:
    """It is the node's condition that says so."""
    assert learned(MISSING, message) == []


def test_another_failure_is_one() -> None:
    with pytest.raises(ApiError, match="500"):
        learned(refused(500, "InternalError"))


@pytest.mark.parametrize("minor", ["32", "34", "32+"])
def test_a_cluster_that_takes_trainer(minor: str) -> None:
    version = {"minor": minor, "gitVersion": f"v1.{minor}.0"}
    against([answer(json.dumps(version).encode())], lambda client: takes_trainer(client, V2_2))


def test_a_cluster_that_is_too_old_for_trainer_is_told_what_to_do() -> None:
    async def ask(client: KubeClient) -> None:
        await takes_trainer(client, V2_1)
        with pytest.raises(OldKubernetesError, match=r"1\.32 or later.*v1\.31\.14.*--trainer 2\.1"):
            await takes_trainer(client, V2_2)

    against([answer(json.dumps({"minor": "31", "gitVersion": "v1.31.14"}).encode())], ask)
