"""Of the versions that a registry has, the one that is served belongs to a lineage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pytest_kubeflow.lineage.lineage import LineageTracer
from pytest_kubeflow.model_registry.registry import RegisteredVersion

SERVED = "s3://b/run-1/model"


def version(name: str, uri: str) -> RegisteredVersion:
    return RegisteredVersion("digits", name, "5", "3", "LIVE", uri, "sklearn", {})


def traced(*versions: RegisteredVersion, **shares: int) -> Any:
    service = SimpleNamespace(name="s", namespace="n", shares=lambda: shares or {SERVED: 100})
    runs = SimpleNamespace(sources=())
    return LineageTracer(cast(Any, runs))(cast(Any, service), versions)


def test_it_is_found_by_where_it_lies() -> None:
    ours, newer = version("v1", "minio://b/run-1/model"), version("v2", "minio://b/run-2/model")
    assert traced(ours, newer).version == ours


def test_one_that_is_missing_is_a_gap() -> None:
    found = traced(version("v2", "minio://b/run-2/model"))
    assert found.version is None
    assert "the registry has s3://b/run-1/model as no version of digits" in found.gaps


def test_without_a_registry_there_is_no_gap_for_it() -> None:
    assert traced().gaps == ("there is no ML Metadata to ask",)


def test_of_several_models_it_is_that_of_most_requests() -> None:
    found = traced(**{"s3://b/old": 20, "s3://b/new": 80})
    assert (found.uri, found.share) == ("s3://b/new", 80)
