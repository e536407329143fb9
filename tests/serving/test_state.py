"""What an InferenceService says of itself, from recorded objects of several releases."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.serving.state import KNATIVE, STANDARD, ServiceState, current_name

from .recorded import (
    FAILED_LOAD,
    KNATIVE_READY,
    NO_RUNTIME,
    OLD_RAW_READY,
    RAW_READY,
    STOPPED,
    UNKNOWN,
    changed,
    condition,
    service,
)


def state(status: dict[str, Any] | None, **options: Any) -> ServiceState:
    return ServiceState(service(status, **options))


@pytest.mark.parametrize("status", [RAW_READY, OLD_RAW_READY, KNATIVE_READY])
def test_ready_of_each_release(status: dict[str, Any]) -> None:
    assert state(status).says_ready
    assert state(status).describe() == "Ready=True"
    assert not state(status).failure


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (None, "no status yet: is the KServe controller running?"),
        ({}, "no status yet: is the KServe controller running?"),
        (
            UNKNOWN,
            "IngressReady=False (Predictor ingress not created); PredictorReady=Unknown; "
            "Ready=False (Predictor ingress not created)",
        ),
        (STOPPED, "stopped (annotation serving.kserve.io/stop)"),
        (
            changed(RAW_READY, conditions=[condition("Ready", "Unknown", "Waiting", "a  moment")]),
            "Ready=Unknown (Waiting: a moment)",
        ),
    ],
)
def test_not_ready_says_why(status: dict[str, Any] | None, message: str) -> None:
    assert not state(status).says_ready
    assert state(status).describe() == message


def test_ready_without_the_ready_condition_is_not_ready() -> None:
    parts = [condition("IngressReady", "True"), condition("PredictorReady", "True")]
    assert not state(changed(RAW_READY, conditions=parts)).says_ready


def test_deleted_is_not_ready() -> None:
    found = state(RAW_READY, deletionTimestamp="2026-03-01T12:00:00Z")
    assert not found.says_ready
    assert found.describe() == "being deleted"


def test_failed_load_has_the_loaders_words() -> None:
    found = state(FAILED_LOAD)
    assert found.failure == (
        "ModelLoadFailed: Traceback ... RuntimeError: Failed to fetch model. No model found in "
        "s3://models/iris.: exit code 1"
    )
    assert not found.invalid, "another attempt may still load it"
    assert "model: ModelLoadFailed" in found.describe()


def test_spec_without_a_runtime_is_invalid() -> None:
    assert "NoSupportingRuntime: No runtime found" in state(NO_RUNTIME).invalid
    assert not state(NO_RUNTIME).says_ready


def test_ready_beside_an_invalid_spec_is_not_ready() -> None:
    """The old model still serves; the new spec never will."""
    both = changed(NO_RUNTIME, conditions=RAW_READY["conditions"])
    assert not state(both).says_ready


@pytest.mark.parametrize(
    ("observed", "generation", "stale"), [(1, 1, False), (1, 2, True), (3, 2, False)]
)
def test_generations(observed: int, generation: int, stale: bool) -> None:
    found = state(changed(RAW_READY, observedGeneration=observed), generation=generation)
    assert found.is_stale is stale
    assert ("of generation 1, wanted 2" in found.describe()) is stale


def test_releases_that_tell_no_generation_are_not_stale() -> None:
    assert not state(OLD_RAW_READY, generation=5).is_stale


@pytest.mark.parametrize(
    ("status", "mode"),
    [
        (RAW_READY, STANDARD),
        (FAILED_LOAD, STANDARD),
        (OLD_RAW_READY, STANDARD),
        (KNATIVE_READY, KNATIVE),
        (changed(KNATIVE_READY, deploymentMode="Serverless"), KNATIVE),
        (UNKNOWN, None),
    ],
)
def test_modes_by_either_name(status: dict[str, Any], mode: str | None) -> None:
    assert state(status).mode == mode


def test_names_of_modes() -> None:
    assert [current_name(one) for one in ("RawDeployment", "Serverless", "Standard", "")] == [
        "Standard",
        "Knative",
        "Standard",
        "",
    ]


@pytest.mark.parametrize(
    ("status", "host", "path"),
    [
        (RAW_READY, "iris-team.example.com", ""),
        (KNATIVE_READY, "iris.team.example.com", ""),
        (
            changed(KNATIVE_READY, url="http://example.com/serving/team/iris"),
            "iris-predictor.team.example.com",
            "/serving/team/iris",
        ),
        (UNKNOWN, "", ""),
    ],
)
def test_addresses(status: dict[str, Any], host: str, path: str) -> None:
    assert (state(status).host, state(status).path) == (host, path)


def test_traffic_of_a_canary() -> None:
    predictor = {
        "latestCreatedRevision": "iris-predictor-00002",
        "latestReadyRevision": "iris-predictor-00002",
        "traffic": [
            {"latestRevision": True, "percent": 20, "revisionName": "iris-predictor-00002"},
            {"latestRevision": False, "percent": 80, "revisionName": "iris-predictor-00001"},
        ],
    }
    found = state(changed(KNATIVE_READY, components={"predictor": predictor}))
    assert found.traffic == {"iris-predictor-00001": 80, "iris-predictor-00002": 20}
    assert state(RAW_READY).traffic == {}


def test_storage_uri_of_either_spelling() -> None:
    assert state(RAW_READY).storage_uri == "s3://models/iris"
    old = service(RAW_READY)
    old["spec"] = {"predictor": {"sklearn": {"storageUri": "s3://models/old"}}}
    assert ServiceState(old).storage_uri == "s3://models/old"
    old["spec"] = {"predictor": {"containers": [{"image": "mine"}]}}
    assert ServiceState(old).storage_uri == ""
