"""Artifacts and logs of Workflows are in the object store, byte for byte."""

from typing import Any

import pytest

from pytest_kubeflow import StoredArtifact, Workflow, skip_for

pytestmark = [
    pytest.mark.kf_requires("workflows", "objectstore"),
    pytest.mark.kf_images("--kf-base-image"),
]

ROWS = "".join(f"{number},{number * number}\n" for number in range(100))


@pytest.fixture
def written(stored: Workflow) -> Workflow:
    """The Workflow after its end."""
    return stored.wait()


def content(client: Any, workflow: Workflow, artifact: StoredArtifact) -> str:
    """What the store has of an artifact."""
    bucket = artifact.bucket or workflow.state.bucket
    assert artifact.key, f"artifact {artifact.name} of Workflow {workflow.name} has no key"
    response = client.get_object(bucket, artifact.key)
    try:
        text: str = response.read().decode(errors="replace")
    finally:
        response.close()
        response.release_conn()
    return text


def test_the_next_task_gets_what_one_has_written(written: Workflow) -> None:
    """A task gets the artifacts of the task before it."""
    assert written.log("read") == "99,9801\nkept in a folder\n"
    assert "absent" not in written.node("write").artifacts


def test_the_store_has_what_a_task_has_written(written: Workflow, minio_client: Any) -> None:
    """The artifact of a task is in the object store, byte for byte."""
    table = written.node("write").artifacts["table"]
    found = content(minio_client, written, table)
    message = f"{table.key} has {len(found)} characters, {len(ROWS)} expected"
    assert found == ROWS, f"{message}: not what node write wrote"


def test_the_store_has_the_logs(written: Workflow, minio_client: Any) -> None:
    """The logs of tasks are in the object store, byte for byte."""
    kept = {name: written.node(name).artifacts.get("main-logs") for name in ("write", "read")}
    if not any(kept.values()):
        skip_for(
            "archived-logs",
            "this cluster keeps no logs of Workflows: archiveLogs is not set in the artifact "
            "repository (workflow-controller-configmap, or ConfigMap artifact-repositories)",
        )
    for name, artifact in kept.items():
        assert artifact is not None, f"node {name} has no main-logs:\n{written.table()}"
        log = written.log(name)
        assert log, f"the log of node {name} is empty"
        found = content(minio_client, written, artifact)
        assert found == log, f"{artifact.key} is not the log of node {name}: {found!r}"
