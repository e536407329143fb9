"""Pipelines, names and programs as nobody should send them: told, and survived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.pipelines.containers import script
from tests.local.pipelines.flows import branched_artifacts
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import DEFAULTS, changed, spec_of


@pytest.fixture(autouse=True)
def cluster_goes_on(member: Member) -> Iterator[None]:
    """Whatever a test does: the API answers after it, and other runs go on."""
    other = member.start(greeting)
    yield
    assert member.call("GET", "healthz").status_code == 200
    assert member.wait(other).state == "SUCCEEDED"


def upload(member: Member, content: bytes, **query: str) -> Any:
    files = {"uploadfile": ("p.yaml", content)}
    query = {"name": name("p"), "namespace": member.namespace, **query}
    return member.call("POST", "pipelines/upload", params=query, files=files)


def test_a_package_that_is_cut_off_anywhere_is_refused(member: Member) -> None:
    whole = json.dumps(spec_of(greeting)).encode()
    assert upload(member, whole).status_code == 200
    for length in range(1, len(whole) - 1, len(whole) // 12):
        answer = upload(member, whole[:length])
        assert answer.status_code == 400, length
        assert answer.json()["error_message"]


@pytest.mark.parametrize("version", ["2.0.0", "3.0.0", "", "x"])
def test_another_schema_version_is_refused(member: Member, version: str) -> None:
    answer = upload(member, json.dumps(changed(DEFAULTS, "schemaVersion", version)).encode())
    assert answer.status_code == 400
    assert "only supports schema version 2.1.0" in answer.json()["error_message"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("triggerPolicy", {"condition": "1 +"}, "evaluation error"),
        ("triggerPolicy", {"condition": "'text'"}, "return type is not bool"),
    ],
)
def test_conditions_that_are_none_fail_their_task(
    member: Member, experiment: str, path: str, value: object, message: str
) -> None:
    spec = changed(DEFAULTS, f"root.dag.tasks.only.{path}", value)
    config = {"parameters": {"needed": "x"}}
    made = submit(member, experiment, pipeline_spec=spec, runtime_config=config).json()
    run = member.wait(made["run_id"])
    assert run.state == "FAILED"
    assert message in member.errors(run)


@pytest.mark.parametrize(
    ("path", "value", "status", "message"),
    [
        ("triggerPolicy", {"strategy": "SOMETIMES"}, 500, "triggerPolicy.strategy: 'SOMETIMES'"),
        ("triggerPolicy", {"colour": 1}, 500, "unknown field 'colour'"),
        ("retryPolicy", {"colour": 1}, 500, "unknown field 'colour'"),
        ("parameterIterator", {"itemInput": "x"}, 400, "needs an itemInput, and items"),
        ("parameterIterator", {"items": {"raw": "[]"}}, 400, "needs an itemInput, and items"),
        ("iteratorPolicy", ["x"], 500, "is not an object"),
        (
            "inputs",
            {"parameters": {"x": {"taskFinalStatus": {"producerTask": "gone"}}}},
            400,
            "depends on 'gone', which is no task",
        ),
    ],
)
def test_policies_that_are_none_are_refused(
    member: Member, experiment: str, path: str, value: object, status: int, message: str
) -> None:
    """What is no PipelineSpec is an internal error of KFP, what leads nowhere a mistake of ours."""
    spec = changed(DEFAULTS, f"root.dag.tasks.only.{path}", value)
    submitted = submit(member, experiment, pipeline_spec=spec)
    assert submitted.status_code == status
    assert message in submitted.json()["message"]


def test_a_loop_over_what_is_no_list_fails(member: Member, experiment: str) -> None:
    spec = changed(DEFAULTS, "root.dag.tasks.only.parameterIterator",
                   {"itemInput": "item", "items": {"raw": '{"a": 1}'}})  # fmt: skip
    config = {"parameters": {"needed": "x"}}
    made = submit(member, experiment, pipeline_spec=spec, runtime_config=config).json()
    run = member.wait(made["run_id"])
    assert 'iterating on item input "item" failed' in member.errors(run)


def test_names_at_their_limits(member: Member) -> None:
    whole = json.dumps(spec_of(greeting)).encode()
    longest = name("p").ljust(128, "x")
    assert upload(member, whole, name=longest).status_code == 200
    over = upload(member, whole, name=longest + "x")
    assert over.status_code == 400
    assert over.text == "Invalid input error: Pipeline.Name length cannot exceed 128\n"
    body = {"display_name": name("e").ljust(128, "x"), "namespace": member.namespace}
    assert member.call("POST", "experiments", json=body).status_code == 200
    body["display_name"] += "x"
    refused = member.call("POST", "experiments", json=body)
    assert "Experiment.Name length cannot exceed 128" in refused.json()["message"]


def test_a_pipeline_with_a_very_long_name_runs(member: Member, experiment: str) -> None:
    spec = changed(spec_of(greeting), "pipelineInfo.name", "long-" * 40 + "end")
    made = submit(member, experiment, pipeline_spec=spec).json()
    assert member.wait(made["run_id"]).state == "SUCCEEDED"


def test_names_and_values_beyond_ascii(member: Member, experiment: str) -> None:
    called = "größe 📦 名前"
    made = submit(member, experiment, called, description=called).json()
    assert made["display_name"] == made["description"] == called
    assert member.wait(made["run_id"]).state == "SUCCEEDED"
    records = member.succeed(branched_artifacts, text="nö")
    assert records["read"].outputs == {"out": "second"}


def test_output_that_is_no_json_fails_its_task(member: Member, experiment: str) -> None:
    """Where the SDK's executor would write its outputs, something else."""
    program = 'mkdir -p "$(dirname "$0")"; echo "not json {" > "$0"'
    command = ["sh", "-c", program, "{{$.outputs.output_file}}"]
    spec = changed(DEFAULTS, "deploymentSpec.executors.exec.container.command", command)
    config = {"parameters": {"needed": "x"}}
    made = submit(member, experiment, pipeline_spec=spec, runtime_config=config).json()
    run = member.wait(made["run_id"])
    assert run.state == "FAILED"
    assert "failed to unmarshall ExecutorOutput" in member.errors(run)


def test_fifty_mebibytes_of_log(member: Member) -> None:
    text = "yes 0123456789012345678901234567890123456789 | head -c 52428800; echo; echo last; "
    run = member.run(script, text=text + 'echo 5 > "$1"')
    assert run.state == "SUCCEEDED", member.errors(run)
    lines = member.log(run.run_id, "run-script").splitlines()
    assert "last" in lines[-12:]  # the kubelet turns over to a new file at 10 MiB


def test_children_that_are_left_behind_end_with_their_task(member: Member) -> None:
    run = member.run(script, text='(setsid sleep 1000 &) ; sleep 1000 & echo 5 > "$1"')
    assert run.state == "SUCCEEDED", member.errors(run)


def test_a_program_that_ignores_sigterm_is_killed(member: Member) -> None:
    run_id = member.start(script, text='trap "" TERM; echo deaf; while :; do sleep 0.1; done')
    member.until(
        lambda: (
            member.details(run_id).get("run-script", {}).get("state") == "RUNNING"
            and "deaf" in member.log(run_id, "run-script")
        ),
        "the program to run",
    )
    member.kfp.terminate_run(run_id)
    assert member.wait(run_id).state == "FAILED"
    (pod,) = member.pods(run_id) or [None]
    assert pod is None
