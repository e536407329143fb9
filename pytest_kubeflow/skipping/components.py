"""Which components of the cluster a test is of, so that --kf-require knows whose skips it means."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pytest_kubeflow.config.markers import PIPELINE

FIXTURES = {
    "app_volume": "pvcviewers",
    "inference_service": "kserve",
    "katib_experiment": "katib",
    "katib_ui": "katib",
    "kserve_client": "kserve",
    "kfp_client": "pipelines",
    "minio_bucket": "objectstore",
    "minio_client": "objectstore",
    "notebook": "notebooks",
    "other_profile": "profiles",
    "pipeline_experiment": "pipelines",
    "pipeline_run": "pipelines",
    "pod_default": "notebooks",
    "pytorch_job": "training",
    "run_pipeline": "pipelines",
    "run_workflow": "workflows",
    "shared_inference_service": "kserve",
    "shared_katib_experiment": "katib",
    "shared_minio_bucket": "objectstore",
    "shared_app_volume": "pvcviewers",
    "shared_notebook": "notebooks",
    "shared_pipeline_experiment": "pipelines",
    "shared_run_workflow": "workflows",
    "shared_tensorboard": "tensorboards",
    "shared_train_job": "training",
    "tensorboard": "tensorboards",
    "train_job": "training",
    "training_runtime": "training",
    "upload_pipeline": "pipelines",
}
"""Fixtures that only tests of a component ask for."""

MODES = {"knative": "kserve", "gpu-library": "gpu"}
"""What some have with a component and others not: lacking it is not lacking the component."""


def components_of(
    *, required: Iterable[str], fixtures: Collection[str], markers: Collection[str]
) -> frozenset[str]:
    """The components that a test is of.

    `required` are those of its markers kf_requires, `fixtures` the names of all fixtures that it
    asks for, also by way of others, `markers` the names of its markers.
    """
    found = {*required, *(FIXTURES[name] for name in fixtures if name in FIXTURES)}
    if PIPELINE in markers:
        found.add("pipelines")
    return frozenset(found)
