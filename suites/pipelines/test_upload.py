"""Pipelines are uploaded, get versions, are run from those versions, and are removed again."""

from typing import Any

import pytest
from kfp import dsl

from pytest_kubeflow import Cluster, PermissionDenied, PipelineRunner, PipelineUploader

from .pythagorean import add, pythagorean, square


@dsl.pipeline(name="pythagorean")
def sum_of_squares(a: float, b: float) -> float:
    """Return a number that `pythagorean` does not, so that versions can be told apart."""
    return add(x=square(x=a).output, y=square(x=b).output).output


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_run_versions_of_uploaded_pipeline(
    kf_cluster: Cluster,
    kfp_client: Any,
    upload_pipeline: PipelineUploader,
    run_pipeline: PipelineRunner,
    public: bool,
) -> None:
    if not public and not kf_cluster.multi_user:
        pytest.skip("stand-alone KFP has no namespaces, so no private pipelines")
    try:
        uploaded = upload_pipeline(pythagorean, public=public)
    except PermissionDenied as refused:
        if not public:
            raise
        pytest.skip(f"this user may not make public pipelines: {refused}")
    kept = kfp_client.get_pipeline(uploaded.pipeline_id)
    assert kept.display_name == uploaded.name
    assert (kept.namespace or None) == uploaded.namespace
    assert kfp_client.get_pipeline_id(uploaded.name) == uploaded.pipeline_id

    (first,) = uploaded.versions()
    second = uploaded.add_version(sum_of_squares)
    assert {version.version_id for version in uploaded.versions()} == {
        first.version_id,
        second.version_id,
    }

    sides = {"a": 6.0, "b": 8.0}
    of_first = run_pipeline(first, arguments=sides, wait=False)
    of_second = run_pipeline(second, arguments=sides, wait=False)
    assert of_first.wait().outputs["Output"] == pytest.approx(10.0)
    assert of_second.wait().outputs["Output"] == pytest.approx(100.0)

    uploaded.delete()
    listed = kfp_client.list_pipelines(namespace=uploaded.namespace or "", page_size=100)
    assert uploaded.pipeline_id not in {p.pipeline_id for p in listed.pipelines or ()}
