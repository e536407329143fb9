"""What the driver does not run yet is refused when it is submitted, by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.refused import PIPELINES
from tests.local.pipelines.wellformed import DEFAULTS, changed


@pytest.mark.parametrize("feature", PIPELINES)
def test_features_are_refused_by_name(member: Member, experiment: str, feature: str) -> None:
    spec = PIPELINES[feature]
    query = {"name": name("p"), "namespace": member.namespace}
    files = {"uploadfile": ("p.yaml", json.dumps(spec))}
    uploaded = member.call("POST", "pipelines/upload", params=query, files=files)
    assert uploaded.status_code == 200  # as the real server takes it
    reference = {"pipeline_id": uploaded.json()["pipeline_id"]}
    for source in ({"pipeline_spec": spec}, {"pipeline_version_reference": reference}):
        body = {"display_name": "r", "experiment_id": experiment} | source
        submitted = member.call("POST", "runs", json=body)
        assert submitted.status_code == 400
        assert f"does not run {feature} yet" in submitted.json()["message"]


@pytest.mark.parametrize(
    ("path", "value", "status", "message"),
    [
        ("root.dag.tasks.only.colour", 1, 500, "unknown field 'colour'"),
        ("root.dag.tasks.only.componentRef.name", "other", 400, "component 'other', which is not"),
        ("root.dag.tasks.only.dependentTasks", ["only"], 400, "in a circle"),
        (
            "root.dag.tasks.only.dependentTasks",
            ["other"],
            400,
            "depends on 'other', which is no task",
        ),
        ("components.comp.executorLabel", "other", 400, "executor 'other', which is not there"),
        (
            "components.comp",
            {"dag": {"tasks": {"x": {"componentRef": {"name": "comp"}}}}},
            400,
            "circle",
        ),
        ("deploymentSpec.executors.exec.container.image", "", 400, "has no image"),
        ("schemaVersion", "2.0.0", 500, "only supports schema version 2.1.0"),
        ("pipelineInfo.name", "", 500, "name is empty"),
        ("pipelineInfo", [], 500, "PipelineSpec.pipelineInfo is not an object"),
        ("components", [1], 500, "components must be in a dict"),
        ("root.dag.tasks.only", "text", 500, "PipelineSpec.root.dag.tasks is not an object"),
    ],
)
def test_what_leads_nowhere_is_refused(
    member: Member, experiment: str, path: str, value: Any, status: int, message: str
) -> None:
    """What is no PipelineSpec is an internal error of KFP, what leads nowhere a mistake of ours."""
    body = {
        "display_name": "r",
        "experiment_id": experiment,
        "runtime_config": {"parameters": {"needed": "x"}},
    }
    good = member.call("POST", "runs", json=body | {"pipeline_spec": DEFAULTS})
    assert good.status_code == 200
    bad = member.call("POST", "runs", json=body | {"pipeline_spec": changed(DEFAULTS, path, value)})
    assert bad.status_code == status
    assert message in bad.json()["message"]
