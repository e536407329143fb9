"""What a task writes as an artifact is in the object store, byte for byte."""

from typing import Any

import pytest
from kfp import dsl

from pytest_kubeflow import PipelineRun, model_uri

ROWS = 1000


@dsl.component(base_image="python:3.11")
def write_squares(rows: int, table: dsl.Output[dsl.Dataset]) -> None:
    """Write numbers and their squares as CSV."""
    with open(table.path, "w") as file:
        file.writelines(f"{number},{number * number}\n" for number in range(rows))


@dsl.pipeline(name="stored-artifact")
def stored_artifact(rows: int) -> None:
    """One task, whose artifact nobody reads."""
    write_squares(rows=rows)


@pytest.mark.kf_pipeline(stored_artifact, arguments={"rows": ROWS})
def test_artifact_of_a_task_is_in_the_store(minio_client: Any, pipeline_run: PipelineRun) -> None:
    """The artifact of a task is in the object store, byte for byte."""
    uri = model_uri(pipeline_run.task("write-squares").artifacts["table"].uri)
    if not uri.startswith("s3://"):
        pytest.skip(f"artifacts of this cluster are in another store than the one asked: {uri}")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    response = minio_client.get_object(bucket, key)
    try:
        content = response.read().decode(errors="replace")
    finally:
        response.close()
        response.release_conn()
    wanted = "".join(f"{number},{number * number}\n" for number in range(ROWS))
    assert content == wanted, f"{uri} does not have what task write-squares wrote: {_of(content)}"


def _of(content: str) -> str:
    """Its length and its end, for a message."""
    return f"{len(content)} characters that end in {content[-20:]!r}"
