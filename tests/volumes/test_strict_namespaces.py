"""Volumes on a cluster with quotas, LimitRanges and policies, and with what cannot start."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.errors import AdmissionRefused, VolumeError, WaitTimeout
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.volumes.log import CHUNK
from pytest_kubeflow.k8s.volumes.volume import SeededVolume, Volumes
from tests.cluster.remote import NAMESPACE, Remote
from tests.volumes.strictapi import Object, Strictness

FILES = {"a.txt": "one\n"}
Make = Callable[..., Volumes]


@pytest.fixture
def volumes(strict: tuple[Path, Strictness]) -> Iterator[Make]:
    """Makes a Volumes of the strict cluster."""
    client = KubernetesClient(strict[0])

    def make(**options: Any) -> Volumes:
        given = {"image": "python:3.11-slim", "timeout": 120.0, "start_timeout": 1.5, **options}
        return Volumes(client, NAMESPACE, ownership=Ownership("tests"), **given)

    yield make
    client.close()


@pytest.fixture
def rules(strict: tuple[Path, Strictness]) -> Strictness:
    return strict[1]


def round_trip(volumes: Volumes, content: str | bytes = "one\n") -> None:
    """Fill a volume and read it back."""
    volume = volumes.make(SeededVolume({"a.txt": content}))
    try:
        expected = content.encode() if isinstance(content, str) else content
        assert volume.read_bytes("a.txt") == expected
    finally:
        volume.delete()


def test_pods_wait_for_their_turn_under_a_quota(volumes: Make, rules: Strictness) -> None:
    rules.quota = {"pods": 1}
    shared = volumes()
    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(round_trip, shared) for _ in range(3)]:
            each.result()
    assert rules.most_pods == 1
    assert any("requested: pods=1, used: pods=1, limited: pods=1" in one for one in rules.refused)


def test_a_quota_that_stays_full_is_told_at_the_deadline(
    volumes: Make, rules: Strictness, remote: Remote
) -> None:
    rules.quota = {"pods": 1}
    labels = Ownership("tests").labels()
    holder = {
        "metadata": {"name": "holder", "labels": labels},
        "spec": {
            "nodeSelector": {"no": "such"},
            "containers": [{"name": "c", "image": "python:3.11"}],
        },
    }
    remote.core.create_namespaced_pod(NAMESPACE, holder)
    try:
        with pytest.raises(VolumeError) as caught:
            volumes(timeout=2).make(SeededVolume(FILES))
    finally:
        remote.core.delete_namespaced_pod("holder", NAMESPACE, grace_period_seconds=0)
    assert isinstance(caught.value.__cause__, WaitTimeout)
    assert re.search(
        r"timed out after 2 s waiting for a quota to have room for pod .*; last state: .*exceeded "
        r"quota: q, requested: pods=1, used: pods=1, limited: pods=1.*not a missing right",
        caught.value.message,
    )


def test_a_quota_without_room_for_one_is_told_at_once(volumes: Make, rules: Strictness) -> None:
    rules.quota = {"pods": 0}
    with pytest.raises(VolumeError, match="never has room for pods of that size") as caught:
        volumes().make(SeededVolume(FILES))
    assert isinstance(caught.value.__cause__, AdmissionRefused)
    assert len(rules.refused) == 1


def test_files_larger_than_the_quota_of_config_maps(volumes: Make, rules: Strictness) -> None:
    rules.quota = {"configmaps": 2, "pods": 1}
    round_trip(volumes(), os.urandom(5 * CHUNK // 2))  # no gzip makes it small
    assert any("requested: count/configmaps=1" in one for one in rules.refused)


@pytest.fixture
def limit_range(remote: Remote, rules: Strictness) -> Iterator[Object]:
    """A LimitRange that is there, and kept by the strict cluster."""
    item: Object = {
        "type": "Container",
        "min": {"cpu": "100m", "memory": "128Mi"},
        "max": {"cpu": "1", "memory": "1Gi"},
        "maxLimitRequestRatio": {"cpu": "4"},
    }
    rules.limit_range = item
    body = {"metadata": {"name": "l"}, "spec": {"limits": [item]}}
    remote.core.create_namespaced_limit_range(NAMESPACE, body)
    yield item
    remote.core.delete_namespaced_limit_range("l", NAMESPACE)


def test_pods_are_fitted_to_a_limit_range(
    volumes: Make, rules: Strictness, limit_range: Object
) -> None:
    round_trip(volumes())
    assert not rules.refused


def test_a_limit_range_that_may_not_be_read_is_told(
    volumes: Make, rules: Strictness, limit_range: Object
) -> None:
    rules.forbidden = (f"/api/v1/namespaces/{NAMESPACE}/limitranges",)
    with pytest.raises(VolumeError, match=r"a LimitRange that refuses.*--kf-pod-requests=cpu="):
        volumes().make(SeededVolume(FILES))


def test_a_policy_is_told_and_given_what_it_asks_for(
    volumes: Make, strict: tuple[Path, Strictness], remote: Remote, tmp_path: Path
) -> None:
    file, rules = strict
    rules.label = "cost-center"
    with pytest.raises(
        VolumeError,
        match=r"every pod needs the label cost-center; it is ValidatingAdmissionPolicy "
        r"'owner-label' that refuses this, not a missing right: .*--kf-pod-labels",
    ):
        volumes().make(SeededVolume(FILES))
    (tmp_path / "test_it.py").write_text(
        "def test_it(seeded_pvc):\n    assert seeded_pvc({'a': 'one'}).read_text('a') == 'one'\n"
    )
    arguments = (f"--kf-kubeconfig={file}", f"--kf-namespace={NAMESPACE}", "-q")
    code, output = remote.run(
        tmp_path, *arguments, "--kf-pod-labels=cost-center=tests", seconds=120
    )
    assert code == 0, output


def evicted(core: Any) -> Callable[[Object], Callable[[], None] | None]:
    """The first seed pod runs nowhere and is told to be evicted, the first read pod is drained."""
    met: set[str] = set()
    lock = threading.Lock()

    def doom(pod: Object) -> Callable[[], None] | None:
        name = pod["metadata"]["name"]
        purpose = name.split("-")[1]
        with lock:
            if purpose in met:
                return None
            met.add(purpose)
        pod["spec"]["schedulerName"] = "nobody"
        if purpose == "read":
            return lambda: core.delete_namespaced_pod(name, NAMESPACE, grace_period_seconds=0)
        status = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: ephemeral-storage. ",
        }
        return lambda: core.patch_namespaced_pod_status(name, NAMESPACE, {"status": status})

    return doom


def test_a_pod_that_is_taken_away_is_made_again(
    volumes: Make, rules: Strictness, remote: Remote
) -> None:
    rules.doom = evicted(remote.core)
    round_trip(volumes())


def test_a_pod_that_is_taken_away_every_time_is_told(
    volumes: Make, rules: Strictness, remote: Remote
) -> None:
    def every(pod: Object) -> Callable[[], None] | None:
        return evicted(remote.core)(pod)

    rules.doom = every
    with pytest.raises(
        VolumeError, match=r"was taken away: Failed; Evicted: The node was low on resource.*5 pods"
    ):
        volumes().make(SeededVolume(FILES))


def test_an_image_that_is_not_pulled_is_told_with_its_cause(volumes: Make) -> None:
    image = "registry.example.com/nobody/taught:1"
    with pytest.raises(VolumeError) as caught:
        volumes(image=image).make(SeededVolume(FILES))
    message = caught.value.message
    assert re.search(
        rf"cannot start: the image '{image}' is not pulled: ImagePullBackOff: .*it offers python",
        message,
    )
    assert "--kf-pod-image-pull-secret" in message
    assert "--kf-start-timeout" in message
    assert "read the log" not in str(caught.value)
    assert "Failed to pull image" in str(caught.value)  # the events


def test_a_storage_class_that_does_not_exist_ends_the_wait(
    volumes: Make, rules: Strictness
) -> None:
    rules.forbidden = ("/apis/storage.k8s.io/v1/storageclasses",)
    with pytest.raises(
        VolumeError,
        match=r'gets no volume: ProvisioningFailed: storageclass\.storage\.k8s\.io "none" not '
        r"found \(--kf-storage-class\)",
    ):
        volumes(storage_class="none").make(SeededVolume(FILES))
