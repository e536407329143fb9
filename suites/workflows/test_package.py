"""The same manifest handed to Kubeflow Pipelines as a package of KFP 1, as people still do.

KFP gives the Workflow the account of the profile, which the manifest by itself does not have.
"""

import json
from pathlib import Path

import pytest

from pytest_kubeflow import (
    KubeflowError,
    PipelineRunner,
    PipelineUploader,
    VolumeFactory,
    WorkflowCreator,
)

from .conftest import Manifests
from .test_volume import TEXT

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]

BLOCKED = "v1 pipeline"
"""What KFP says where its administrator does not want packages of KFP 1."""


@pytest.fixture
def package(manifests: Manifests, seeded_pvc: VolumeFactory, tmp_path: Path) -> Path:
    """The manifest in a file, for a claim of its own: KFP takes no arguments for it."""
    manifest = manifests("repeat-line")
    (claim,) = (
        one for one in manifest["spec"]["arguments"]["parameters"] if one["name"] == "claim"
    )
    claim["value"] = seeded_pvc().name
    path = tmp_path / "repeat-line.yaml"
    path.write_text(json.dumps(manifest))
    return path


def test_kfp_runs_the_manifest_as_a_package(
    package: Path,
    upload_pipeline: PipelineUploader,
    run_pipeline: PipelineRunner,
    run_workflow: WorkflowCreator,
) -> None:
    """KFP runs a Workflow manifest as a package of KFP 1, and reports its nodes."""
    try:
        (version,) = upload_pipeline(package).versions()
        run = run_pipeline(version, wait=False)
    except KubeflowError as error:
        if BLOCKED in error.message.lower():
            pytest.skip(f"this Kubeflow does not run packages of KFP 1: {error.message}")
        raise
    workflow = run_workflow.of_run(run.run_id).wait()  # which tells why, where it fails
    run.wait()
    accounts = {one.spec.service_account_name for one in workflow.workload.pods()}
    assert accounts <= {"default-editor", "pipeline-runner"}, f"its pods run as {accounts}"
    log = workflow.log("print-text")
    assert log == TEXT, f"{log.count('Hello')} lines of Hello instead of 15, in {log!r}"
    message = {
        one["display_name"]: one["state"] for one in run.document()["run_details"]["task_details"]
    }
    missing = [
        one.display_name for one in workflow.nodes if message.get(one.display_name) != "SUCCEEDED"
    ]
    assert not missing, f"of the nodes {', '.join(missing)} the API tells {message}"
