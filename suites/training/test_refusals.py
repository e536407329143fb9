"""What is refused: by Trainer itself, and by the quotas and limits of a namespace."""

import pytest

from pytest_kubeflow import JobCreator, TrainingFailed, TrainingJob

from .conftest import LIMITED

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


def test_a_quota_is_told(over_quota: TrainingJob) -> None:
    """A TrainJob that a ResourceQuota stops says which quota."""
    with pytest.raises(TrainingFailed) as refused:
        over_quota.wait()
    assert f"exceeded quota: {LIMITED}" in refused.value.message
    assert f"it is ResourceQuota '{LIMITED}' that refuses it" in refused.value.message


def test_a_limit_range_is_told(over_limit: TrainingJob) -> None:
    """A TrainJob that a LimitRange stops says which limit."""
    with pytest.raises(TrainingFailed) as refused:
        over_limit.wait()
    assert "maximum cpu usage per Container is 2, but limit is 3" in refused.value.message
    assert "it is a LimitRange that refuses it" in refused.value.message


def test_names_that_are_trainers_own_are_refused(train_job: JobCreator, image: str) -> None:
    """A TrainJob that sets a variable of Trainer's is refused.

    Its webhook looks at jobs: who sets his own rank would be in another world.
    """
    with pytest.raises(TrainingFailed) as refused:
        train_job(["true"], image=image, env={"PET_NNODES": "7"}, processes=1)
    assert "must not have reserved envs" in refused.value.message
    assert "PET_NNODES" in refused.value.message
