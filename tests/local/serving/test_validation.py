"""What KServe's webhook refuses, by its rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.serving import validation

MODE = "serving.kserve.io/deploymentMode"


MODEL = {"modelFormat": {"name": "sklearn"}}
CONTAINER = {"name": "kserve-container", "image": "mine"}
ONE_OF = "exactly one of [SKLearn, XGBoost, Tensorflow, "


def bare(**spec: Any) -> dict[str, Any]:
    """A service of which nothing is right but its name."""
    return {"metadata": {"name": "iris"}, **spec}


def service(name: str = "iris", mode: str | None = None, **predictor: Any) -> dict[str, Any]:
    annotations = {MODE: mode} if mode else {}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"predictor": {"model": MODEL, **predictor}},
    }


def refusal(new: dict[str, Any], old: dict[str, Any] | None = None) -> str:
    """What the webhook says; empty for what it takes."""
    return validation.refusal(new, old) or ""


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (service("1iris"), 'the InferenceService "1iris" is invalid: a InferenceService name must'),
        (service("iris.v2"), 'the InferenceService "iris.v2" is invalid'),
        (service(minReplicas=-1), "'MinReplicas' cannot be less than 0"),
        (service(maxReplicas=-1), "'MaxReplicas' cannot be less than 0"),
        (service(minReplicas=3, maxReplicas=2), "'MinReplicas' cannot be greater than MaxReplicas"),
        (bare(), ONE_OF),
        (bare(spec={}), ONE_OF),
        (bare(spec={"predictor": {"minReplicas": -1}}), ONE_OF),
        (bare(spec={"predictor": {"containers": []}}), ONE_OF),
        (service(sklearn={}), ONE_OF),
        (service(containers=[CONTAINER]), ONE_OF),
        (service(containers=[{"name": "beside", "image": "mine"}]), ""),
        (bare(spec={"predictor": {"containers": [CONTAINER]}}), ""),
        (bare(spec={"predictor": {"containers": [{"name": "a"}, {"name": "b"}]}}), ""),
        (bare(spec={"predictor": {"sklearn": {}}}), ""),
        (service(), ""),
        (service(minReplicas=3), ""),
        (service(minReplicas=0, maxReplicas=1), ""),
    ],
)
def test_new_services(new: dict[str, Any], message: str) -> None:
    assert refusal(new).startswith(message)
    assert bool(refusal(new)) == bool(message)


@pytest.mark.parametrize(
    ("before", "wanted", "taken"),
    [
        ("Standard", "Knative", False),
        ("Knative", "RawDeployment", False),
        ("Standard", "RawDeployment", True),
        ("Knative", None, True),
        ("", "Knative", True),
    ],
)
def test_mode_stays(before: str, wanted: str | None, taken: bool) -> None:
    old = {**service(), "status": {"deploymentMode": before}}
    found = refusal(service(mode=wanted), old)
    assert (not found) is taken
    if not taken:
        assert found.startswith("update rejected: deploymentMode cannot be changed from")


def test_what_is_being_deleted_is_left_alone() -> None:
    leaving = service("1iris")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert refusal(leaving, service("1iris")) == ""


@given(st.text("abc019-.A", max_size=6))
def test_names(name: str) -> None:
    assert bool(refusal(service(name))) == (not re.match("^[a-z]([-a-z0-9]*[a-z0-9])?$", name))
