"""Who may train: owners of a profile, by the rights that they have there, and nobody else."""

import pytest

from pytest_kubeflow import (
    AccountAtKubernetes,
    JobCreator,
    PermissionDenied,
    TrainingJob,
)

from . import programs, ring
from .test_all_reduce import sums

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


def test_the_rights_of_an_owner_suffice(
    train_job: JobCreator,
    own_account_at_kubernetes: AccountAtKubernetes,
    image: str,
    token: str,
    seed: int,
) -> None:
    """The account default-editor creates, suspends, resumes, reads and deletes a TrainJob.

    It makes, reads, patches and deletes, and replaces nothing.
    """
    made = train_job(
        programs.all_reduce,
        image=image,
        arguments={"token": f"{token}-owner", "seed": seed},
        helpers=(ring,),
        suspend=True,
        token=own_account_at_kubernetes.token.token,
    )
    made.wait_suspended().resume().wait()
    assert made.results()["node-0"]["sum"] == sums(seed, world=1)
    made.delete()
    assert made.remains() == []


def test_a_stranger_is_refused(
    train_job: JobCreator,
    reduced: TrainingJob,
    own_account_at_kubernetes: AccountAtKubernetes,
    foreign_account_at_kubernetes: AccountAtKubernetes,
    image: str,
) -> None:
    """An account of another namespace neither creates nor reads our TrainJobs.

    The owner uses the same calls, and succeeds.
    """
    own, foreign = own_account_at_kubernetes, foreign_account_at_kubernetes
    seen = reduced.as_account(own.token.token)
    seen.wait()
    assert seen.logs(0)
    try:
        made = train_job(["true"], image=image, token=foreign.token.token)
    except PermissionDenied:
        train_job(["true"], image=image, token=own.token.token)
    else:
        pytest.fail(f"training is open to all: {foreign.name} makes {made}")
    stranger = reduced.as_account(foreign.token.token)
    with pytest.raises(PermissionDenied):
        assert not stranger.state, f"training is open to all: {foreign.name} reads {reduced}"
    with pytest.raises(PermissionDenied):
        assert not stranger.logs(0), f"training is open to all: {foreign.name} reads {reduced}"
