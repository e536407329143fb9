"""What KServe's webhook refuses, by the rule and through the API."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.local.apiserver.errors import StatusError
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.webhooks import review
from pytest_kubeflow.local.bootstrap import manifests

GROUP, VERSION, PLURAL = "serving.kserve.io", "v1beta1", "inferenceservices"
KIND = ResourceType(GROUP, (VERSION,), "InferenceService", PLURAL)
MODE = "serving.kserve.io/deploymentMode"
DENIED = 'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request: '


MODEL = {"modelFormat": {"name": "sklearn"}}
CONTAINER = {"name": "kserve-container", "image": "mine"}
ONE_OF = "exactly one of [SKLearn, XGBoost, Tensorflow, "


def bare(**spec: Any) -> dict[str, Any]:
    """A service of which nothing is right but its name."""
    return {"metadata": {"name": "iris"}, **spec}


def service(name: str = "iris", mode: str | None = None, **predictor: Any) -> dict[str, Any]:
    annotations = {MODE: mode} if mode else {}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"predictor": {"model": MODEL, **predictor}},
    }


def refusal(new: dict[str, Any], old: dict[str, Any] | None = None) -> str:
    """What the webhook says; empty for what it takes."""
    try:
        review(KIND, new, old)
    except StatusError as error:
        return error.message.removeprefix(DENIED)
    return ""


@pytest.mark.parametrize(
    ("new", "told"),
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
def test_new_services(new: dict[str, Any], told: str) -> None:
    assert refusal(new).startswith(told)
    assert bool(refusal(new)) == bool(told)


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
    told = refusal(service(mode=wanted), old)
    assert (not told) is taken
    if not taken:
        assert told.startswith("update rejected: deploymentMode cannot be changed from")


def test_what_is_being_deleted_is_left_alone() -> None:
    leaving = service("1iris")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert refusal(leaving, service("1iris")) == ""


@given(st.text("abc019-.A", max_size=6))
def test_names(name: str) -> None:
    assert bool(refusal(service(name))) == (not re.match("^[a-z]([-a-z0-9]*[a-z0-9])?$", name))


def test_through_the_api(api: Any, namespace: str) -> None:
    definitions = client.ApiextensionsV1Api(api)
    (body,) = (
        one
        for one in manifests("kserve")
        if one["kind"] == "CustomResourceDefinition" and one["spec"]["names"]["plural"] == PLURAL
    )
    definitions.create_custom_resource_definition(body)
    custom = client.CustomObjectsApi(api)
    where = (GROUP, VERSION, namespace, PLURAL)
    model: dict[str, Any] = {
        "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}
    }
    with pytest.raises(ApiException) as refused:
        custom.create_namespaced_custom_object(*where, service("1iris", **model))
    assert refused.value.status == 403
    assert json.loads(refused.value.body)["message"].startswith(DENIED)
    empty: dict[str, Any] = {"spec": {"predictor": {}}}
    for spec in ({}, empty):
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND.kind, **bare(**spec)}
        with pytest.raises(ApiException) as refused:
            custom.create_namespaced_custom_object(*where, body)
        assert json.loads(refused.value.body)["message"].startswith(DENIED + ONE_OF)
    custom.create_namespaced_custom_object(*where, service("iris1", **model))
    change = {"spec": {"predictor": {"minReplicas": 2, "maxReplicas": 1}}}
    with pytest.raises(ApiException) as refused:
        custom.patch_namespaced_custom_object(*where, "iris1", change)
    assert "cannot be greater than MaxReplicas" in refused.value.body
    names = [
        one["metadata"]["name"] for one in custom.list_namespaced_custom_object(*where)["items"]
    ]
    assert names == ["iris1"]
    definitions.delete_custom_resource_definition(f"{PLURAL}.{GROUP}")
