"""Artifacts: from task to task, in the object store, and in ML Metadata."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from minio import Minio

from pytest_kubeflow.local.cluster import Endpoints
from tests.local.pipelines.flows import ignoring, retried
from tests.local.pipelines.member import Member
from tests.local.pipelines.tables import handing_nothing_on, handing_on, much_data

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def run(member: Member) -> Any:
    run = member.run(handing_on, rows=5)
    assert run.state == "SUCCEEDED", member.errors(run)
    return run


@pytest.fixture(scope="module")
def store(cluster: Endpoints) -> Minio:
    return Minio(
        cluster.s3_endpoint.removeprefix("http://"),
        cluster.s3_access_key,
        cluster.s3_secret_key,
        secure=False,
        region="us-east-1",
    )


def objects(store: Minio, uri: str) -> dict[str, bytes]:
    """What is in the store under a URI: `{key below it: content}`."""
    bucket, _, prefix = uri.removeprefix("minio://").partition("/")
    return {
        one.object_name.removeprefix(prefix): store.get_object(bucket, one.object_name).read()
        for one in store.list_objects(bucket, prefix, recursive=True)
        if one.object_name
    }


def test_they_reach_the_next_task_whole(member: Member, run: Any) -> None:
    found = member.records(run.run_id)["read"].outputs["Output"]
    metadata = found.pop("metadata")
    assert found == {
        "rows": 5,
        "files": {"top.txt": "top.txt", "deep/größe one.txt": "deep/größe one.txt"},
        "custom": "from elsewhere",
        "nothing is there": False,
        "classes": ["Dataset", "Artifact", "Model"],  # as the reader has them
    }
    assert metadata == {  # as ML Metadata has it, whose containers are wrapped
        "rows": 5,
        "ratio": 0.5,
        "flag": 1,
        "tags": {"list": ["a", "b"]},
        "shape": {"struct": {"x": 1}},
        "display_name": "table",
        "store_session_info": "{}",
    }


def test_their_uris_have_the_layout_of_kfp(member: Member, run: Any) -> None:
    artifacts = member.records(run.run_id)["make"].artifacts
    assert set(artifacts) == {"table", "folder", "custom", "nothing", "metrics", "executor-logs"}
    root = f"minio://mlpipeline/private-artifacts/{member.namespace}/v2/artifacts"
    tasks = set()
    for name, artifact in artifacts.items():
        pattern = f"({root}/handing-on/{run.run_id}/make/{UUID})/{name}"
        if name == "executor-logs":
            pattern += "-0"  # the first attempt's
        match = re.fullmatch(pattern, artifact.uri)
        assert match, artifact.uri
        tasks.add(match[1])
    assert len(tasks) == 1


def test_they_are_in_the_store(member: Member, run: Any, store: Minio) -> None:
    artifacts = member.records(run.run_id)["make"].artifacts
    content = {name: objects(store, one.uri) for name, one in artifacts.items()}
    logs = content.pop("executor-logs")[""]
    assert content == {
        "table": {"": b"0\n1\n2\n3\n4\n"},
        "folder": {
            "/top.txt": b"top.txt",
            "/deep/größe one.txt": "deep/größe one.txt".encode(),
        },
        "custom": {"": b"from elsewhere"},
        "nothing": {},
        "metrics": {},
    }
    # Its own words and not the launcher's.
    assert b"Looking for component" in logs
    assert b"launcher_v2.go" not in logs


def test_each_attempt_leaves_its_log(member: Member, store: Minio) -> None:
    run = member.run(retried, text="1")
    assert run.state == "SUCCEEDED", member.errors(run)
    logs = member.records(run.run_id)["retry-me"].artifacts["executor-logs"]
    assert logs.type == "system.Artifact"
    place = logs.uri[: logs.uri.rindex("executor-logs")].rsplit("/", maxsplit=2)[0]
    found = objects(store, place)
    assert sorted((key[-1], text) for key, text in found.items()) == [
        ("0", b"attempt 0 of 1\n"),
        ("1", b"attempt 1 of 1\n"),
    ]


def test_a_task_that_fails_leaves_its_log_too(member: Member, store: Minio) -> None:
    run = member.run(ignoring)
    logs = member.records(run.run_id)["fail"].artifacts["executor-logs"]
    assert objects(store, logs.uri) == {"": b"failing \n"}


def test_ml_metadata_knows_them(member: Member, run: Any) -> None:
    artifacts = member.records(run.run_id)["make"].artifacts
    types = {name: one.type for name, one in artifacts.items()}
    assert types == {
        "table": "system.Dataset",
        "folder": "system.Artifact",
        "custom": "system.Artifact",
        "nothing": "system.Artifact",
        "metrics": "system.Metrics",
        "executor-logs": "system.Artifact",
    }
    table = artifacts["table"].metadata
    assert table["display_name"] == "table"
    assert (table["rows"], table["ratio"]) == (5.0, 0.5)
    assert table["tags"] == {"list": ["a", "b"]}
    assert table["shape"] == {"struct": {"x": 1}}
    assert artifacts["metrics"].metadata["accuracy"] == 0.75


def test_the_log_tells_the_outputs(member: Member, run: Any) -> None:
    log = member.log(run.run_id, "read")
    text = log[log.index("ExecutorOutput: ") :].removeprefix("ExecutorOutput: ")
    found, _ = json.JSONDecoder().raw_decode(text)
    assert found["parameterValues"]["Output"]["rows"] == 5
    made = member.log(run.run_id, "make")
    assert 'nothing" does not exist' in made


def test_much_data_goes_through(member: Member) -> None:
    records = member.succeed(much_data, megabytes=24)
    made = records["large"].outputs["Output"]
    assert records["digest"].outputs == {"Output": made}


def test_one_that_is_not_given_cannot_be_handed_on(member: Member) -> None:
    run = member.run(handing_nothing_on)
    assert run.state == "FAILED"
    message = "parent DAG does not have input artifact data"
    assert member.details(run.run_id)["maybe"]["error"]["message"].endswith(message)


def below(member: Member, root: str) -> str:
    """Begin a run whose artifacts go below `root`; its id."""
    made = member.kfp.create_run_from_pipeline_func(
        handing_on,
        {},
        namespace=member.namespace,
        experiment_name="Default",
        pipeline_root=root,
        enable_caching=False,
    )
    return str(made.run_id)


def test_a_root_of_ones_own(member: Member, store: Minio) -> None:
    root = f"minio://mlpipeline/private-artifacts/{member.namespace}/own"
    run_id = below(member, root)
    assert member.wait(run_id).state == "SUCCEEDED"
    table = member.records(run_id)["make"].artifacts["table"]
    assert table.uri.startswith(f"{root}/handing-on/{run_id}/make/")
    assert objects(store, table.uri) == {"": b"0\n1\n2\n"}


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("gs://bucket/root", r'upload output artifact "\w+" to .* "gs://bucket/root/handing-on/'),
        ("hdfs://bucket/root", r'parse bucket config failed: unsupported Cloud bucket: "hdfs://'),
    ],
)
def test_what_cannot_be_stored_fails_its_task(member: Member, root: str, message: str) -> None:
    run_id = below(member, root)
    assert member.wait(run_id).state == "FAILED"
    assert re.search(message, member.details(run_id)["make"]["error"]["message"])
