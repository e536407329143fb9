"""Pipelines are uploaded, get versions, are run from those versions, and are removed again."""

import json
import math
import random
from typing import Any

import pytest
from kfp import dsl

from pytest_kubeflow import (
    Cluster,
    PermissionDenied,
    PipelineRunner,
    PipelineUploader,
    skip_for,
)

from .pythagorean import add, pythagorean, square


@dsl.pipeline(name="pythagorean")
def sum_of_squares(a: float, b: float) -> float:
    """Return a number that `pythagorean` does not, so that versions can be told apart."""
    return add(x=square(x=a).output, y=square(x=b).output).output


def listed(client: Any, name: str, namespace: str | None) -> list[str]:
    """Return ids of pipelines called `name`: private ones of a namespace, or public ones."""
    called = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    found = client.list_pipelines(
        namespace=namespace, filter=json.dumps({"predicates": [called]}), page_size=100
    )
    return [pipeline.pipeline_id for pipeline in found.pipelines or ()]


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_run_versions_of_uploaded_pipeline(
    kf_cluster: Cluster,
    kf_namespace: str,
    kfp_client: Any,
    upload_pipeline: PipelineUploader,
    run_pipeline: PipelineRunner,
    public: bool,
) -> None:
    """An uploaded pipeline is listed, its versions run as they are, and it can be removed."""
    if not public and not kf_cluster.multi_user:
        skip_for("multi-user", "stand-alone KFP has no namespaces, so no private pipelines")
    try:
        uploaded = upload_pipeline(pythagorean, public=public)
    except PermissionDenied as refused:
        if not public:
            raise
        message = f"this user may not make public pipelines, or could not remove them: {refused}"
        skip_for("public-pipelines", message)
    kind = "public" if public else "private"
    found = listed(kfp_client, uploaded.name, uploaded.namespace)
    message = f"the {kind} pipeline {uploaded.name} was uploaded and is listed {len(found)} times"
    assert found == [uploaded.pipeline_id], message
    kept = kfp_client.get_pipeline(uploaded.pipeline_id)
    assert kept.display_name == uploaded.name
    assert (kept.namespace or None) == uploaded.namespace
    if kf_cluster.multi_user:  # a private one is not shown to all, nor a public one as ours
        elsewhere = kf_namespace if public else None
        where = f"in namespace {elsewhere}" if elsewhere else "among the public ones"
        message = f"the {kind} pipeline {uploaded.name} is listed {where}, too"
        assert listed(kfp_client, uploaded.name, elsewhere) == [], message

    (first,) = uploaded.versions()
    second = uploaded.add_version(sum_of_squares)
    assert {version.version_id for version in uploaded.versions()} == {
        first.version_id,
        second.version_id,
    }

    # Nobody has asked for these before: what is uploaded may come out of the cache.
    # Nor may the second run, should it begin when the first has ended.
    a, b, c, d = (random.uniform(1.0, 99.0) for _ in range(4))  # noqa: S311
    of_first = run_pipeline(first, arguments={"a": a, "b": b}, wait=False)
    of_second = run_pipeline(second, arguments={"a": c, "b": d}, wait=False)
    assert of_first.wait().outputs["Output"] == pytest.approx(math.hypot(a, b))
    assert of_second.wait().outputs["Output"] == pytest.approx(math.hypot(c, d) ** 2)
    for run in (of_first, of_second):
        assert not [task.label for task in run.tasks if task.is_cached]

    uploaded.delete()
    assert listed(kfp_client, uploaded.name, uploaded.namespace) == []
