"""Who wrote an artifact, and out of what: asked of ML Metadata as a real one is, by gRPC-web."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from pytest_kubeflow.local.metadata import MetadataStore, metadata_app
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
from pytest_kubeflow.pipelines.outputs.origins import origins
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable
from pytest_kubeflow.retries.policy import RetryPolicy

MODEL, DATA = "minio://b/run-1/train/model", "minio://b/data.csv"


@pytest.fixture
def store(served: tuple[str, dict[str, Any]]) -> MetadataStore:
    store = MetadataStore()
    served[1]["app"] = metadata_app(store)
    return store


@pytest.fixture
def source(served: tuple[str, dict[str, Any]]) -> MetadataSource:
    return MetadataSource(
        lambda path, body, headers: requests.post(
            f"{served[0]}{path}", data=body, headers=dict(headers), timeout=20
        ),
        policy=RetryPolicy("ML Metadata", 0.0),
    )


def write(store: MetadataStore, run: str, *, uri: str = MODEL, data: int = 0) -> int:
    """A task of `run` that writes a model; returns its execution."""
    kind = store.put_type("execution", "system.ContainerExecution").id
    properties = {"task_name": "train", "image": "python:3.11"}
    task = store.put("execution", kind, state="COMPLETE", custom_properties=properties).id
    context = store.put("context", store.put_type("context", "system.PipelineRun").id, name=run)
    other = store.put("context", store.put_type("context", "system.Pipeline").id, name=f"p-{run}")
    for one in (other, context):
        store.link("execution", task, one.id)
    model = store.put(
        "artifact", store.put_type("artifact", "system.Model").id, uri=uri, name=f"m-{run}"
    )
    store.add_event(model.id, task, "OUTPUT", ("model",))
    if data:
        store.add_event(data, task, "INPUT", ("data",))
    return task


def dataset(store: MetadataStore) -> int:
    kind = store.put_type("artifact", "system.Dataset").id
    return store.put("artifact", kind, uri=DATA, custom_properties={"rows": 7}).id


def test_the_task_its_run_and_what_it_read(store: MetadataStore, source: MetadataSource) -> None:
    write(store, "run-0", uri="minio://b/another")
    write(store, "run-1", data=dataset(store))
    (found,) = origins(source, ["s3://b/run-1/train/model", MODEL])
    assert (found.run_id, found.task, found.image) == ("run-1", "train", "python:3.11")
    assert (found.artifact.uri, found.artifact.type) == (MODEL, "system.Model")
    assert found.inputs["data"].uri == DATA
    assert found.inputs["data"].metadata == {"rows": 7}


def test_of_several_the_last_is_last(store: MetadataStore, source: MetadataSource) -> None:
    for run in ("run-1", "run-2"):
        write(store, run)
    found = origins(source, [MODEL])
    assert [one.run_id for one in found] == ["run-1", "run-2"]
    assert [one.inputs for one in found] == [{}, {}]


def test_what_nobody_wrote_has_none(store: MetadataStore, source: MetadataSource) -> None:
    assert origins(source, [MODEL]) == []
    dataset(store)
    assert origins(source, [DATA]) == []


def test_without_ml_metadata_it_is_told() -> None:
    def refused(*_: Any) -> requests.Response:
        raise requests.ConnectionError("nobody there")

    with pytest.raises(SourceUnavailable, match="nobody there"):
        origins(MetadataSource(refused, policy=RetryPolicy("ML Metadata", 0.0)), [MODEL])
