"""What is refused: by Trainer itself, and by the quotas and limits of a namespace."""

from collections.abc import Iterator

import pytest

from pytest_kubeflow import JobCreator, KubernetesClient, TrainingFailed

pytestmark = pytest.mark.kf_requires("training")

NOTHING = "pytest-kubeflow.example/nothing"
"""A resource that no node has, so that a quota of it is nobody else's matter."""

NAME = "training-refusals"


@pytest.fixture
def limited(other_profile: str, kf_kubernetes: KubernetesClient) -> Iterator[str]:
    """A namespace with a quota and a LimitRange, in which nothing else runs."""
    core = kf_kubernetes.core
    metadata = {"metadata": {"name": NAME}}
    quota = {"hard": {f"requests.{NOTHING}": "0"}}
    most = {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}
    core.create_namespaced_resource_quota(other_profile, {**metadata, "spec": quota})
    core.create_namespaced_limit_range(other_profile, {**metadata, "spec": most})
    yield other_profile
    core.delete_namespaced_limit_range(NAME, other_profile)
    core.delete_namespaced_resource_quota(NAME, other_profile)


def test_a_quota_is_told(train_job: JobCreator, limited: str, image: str) -> None:
    made = train_job(
        ["true"],
        image=image,
        namespace=limited,
        limits={"cpu": "100m", "memory": "64Mi", NOTHING: "1"},
    )
    with pytest.raises(TrainingFailed) as refused:
        made.wait()
    assert f"exceeded quota: {NAME}" in refused.value.message
    assert f"it is ResourceQuota '{NAME}' that refuses it" in refused.value.message


def test_a_limit_range_is_told(train_job: JobCreator, limited: str, image: str) -> None:
    made = train_job(
        ["true"], image=image, namespace=limited, limits={"cpu": "3", "memory": "64Mi"}
    )
    with pytest.raises(TrainingFailed) as refused:
        made.wait()
    assert "maximum cpu usage per Container is 2, but limit is 3" in refused.value.message
    assert "it is a LimitRange that refuses it" in refused.value.message


def test_names_that_are_trainers_own_are_refused(train_job: JobCreator, image: str) -> None:
    """Its webhook looks at jobs: who sets his own rank would be in another world."""
    with pytest.raises(TrainingFailed) as refused:
        train_job(["true"], image=image, env={"PET_NNODES": "7"})
    assert "must not have reserved envs" in refused.value.message
    assert "PET_NNODES" in refused.value.message
