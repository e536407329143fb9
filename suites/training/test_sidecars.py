"""The mesh's sidecars in the pods of jobs: ranks do not reach each other's ports through them."""

import pytest

from pytest_kubeflow import JobCreator, TrainingJob, skip_for

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


def test_a_job_with_the_namespaces_default_ends(train_job: JobCreator, image: str) -> None:
    """A TrainJob with the namespace's default sidecars completes.

    With a sidecar that goes on by itself it would not (KF112); one alone talks to nobody.
    """
    train_job(["true"], image=image, sidecars=None).wait()


def test_jobs_that_want_none_have_none(
    train_job: JobCreator, reduced: TrainingJob, image: str
) -> None:
    """A TrainJob that turns off sidecars has none in its pods."""
    default = train_job(["true"], image=image, sidecars=None)
    (node,) = default.wait_nodes()
    found = node.sidecars
    if not found:
        skip_for("sidecars", f"pods of {default.namespace} get no sidecars of a mesh")
    left = {node.name: node.sidecars for node in reduced.wait().nodes if node.sidecars}
    assert not left, (
        f"{reduced} wants no sidecars, and has {left}: spec.{train_job.pod_fields.value} of its "
        "TrainJob has no effect on its pods"
    )
