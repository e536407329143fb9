"""The tensorboards web app, and what its controller makes of what it asks for."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.local.webapps.conftest import Person, eventually


def api(owner: Person, *more: str) -> str:
    return "/".join(["/tensorboards/api/namespaces", owner.namespace, *more])


@pytest.fixture(scope="module")
def headers(owner: Person) -> dict[str, str]:
    """The header that the app's own page sends."""
    owner.ask("GET", "/tensorboards/")
    token = owner.session.cookies.get("XSRF-TOKEN", path="/tensorboards")
    assert token is not None
    return {"X-XSRF-TOKEN": token}


def form(name: str, path: str = "s3://bucket/logs", **more: Any) -> dict[str, Any]:
    return {"name": name, "logspath": path, "configurations": [], **more}


def test_one_is_made_listed_and_deleted(owner: Person, headers: dict[str, str], core: Any) -> None:
    from kubernetes import client

    apps, custom = client.AppsV1Api(core.api_client), client.CustomObjectsApi(core.api_client)
    name, path = f"t-{uuid.uuid4().hex[:8]}", api(owner, "tensorboards")
    body = form(name, configurations=["access-s3"])
    made = owner.ask("POST", path, json=body, headers=headers)
    assert made.json()["message"] == "Tensorboard created successfully."
    assert owner.ask("POST", path, json=form(name), headers=headers).status_code == 409
    where = ("tensorboard.kubeflow.org", "v1alpha1", owner.namespace, "tensorboards")
    found = custom.get_namespaced_custom_object(*where, name)
    assert found["metadata"]["labels"] == {"access-s3": "true"}

    def deployments() -> list[Any]:
        listed = apps.list_namespaced_deployment(owner.namespace).items
        return [one for one in listed if one.metadata.name == name]

    eventually(lambda: len(deployments()) == 1)
    labels = deployments()[0].spec.template.metadata.labels
    assert labels == {"access-s3": "true", "app": name}
    row = next(one for one in owner.ask("GET", path).json()["tensorboards"] if one["name"] == name)
    assert row["logspath"] == "s3://bucket/logs"
    assert row["status"]["phase"] in {"unavailable", "ready"}
    gone = owner.ask("DELETE", f"{path}/{name}", headers=headers)
    assert gone.json()["message"] == "Tensorboard deleted successfully."

    def is_gone() -> bool:
        services = core.list_namespaced_service(owner.namespace).items
        return not deployments() and name not in {one.metadata.name for one in services}

    eventually(is_gone)
    assert owner.ask("DELETE", f"{path}/{name}", headers=headers).status_code == 404


def test_without_its_claim_nothing_is_made(
    owner: Person, headers: dict[str, str], core: Any
) -> None:
    first, second = (f"t-{uuid.uuid4().hex[:8]}" for _ in range(2))
    path = api(owner, "tensorboards")
    owner.ask("POST", path, json=form(first, "pvc://nothing/logs"), headers=headers)
    owner.ask("POST", path, json=form(second), headers=headers)

    def services() -> set[str]:
        listed = core.list_namespaced_service(owner.namespace).items
        return {one.metadata.name for one in listed}

    eventually(lambda: second in services())
    assert first not in services()
    for name in (first, second):
        owner.ask("DELETE", f"{path}/{name}", headers=headers)
    eventually(lambda: second not in services())


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"name": "x"}, 400, "Parameter 'logspath' is missing"),
        ({"name": "x", "logspath": "s3://b"}, 400, "Labels for PodDefaults are not list: None"),
        ({"name": "X_x", "logspath": "s3://b", "configurations": []}, 422, "Invalid value"),
    ],
)
def test_bad_forms(
    body: dict[str, Any], status: int, message: str, owner: Person, headers: dict[str, str]
) -> None:
    refused = owner.ask("POST", api(owner, "tensorboards"), json=body, headers=headers)
    assert (refused.status_code, message in refused.json()["log"]) == (status, True), refused.text


def test_others_are_refused(owner: Person, other: Person, headers: dict[str, str]) -> None:
    assert owner.ask("GET", api(owner, "tensorboards")).status_code == 200
    assert owner.ask("GET", api(owner, "poddefaults")).json()["poddefaults"] == []
    for path in ("tensorboards", "pvcs", "poddefaults"):
        refused = other.ask("GET", api(owner, path))
        assert refused.status_code == 403
        assert "is not authorized to list" in refused.json()["log"]
    cookieless = owner.ask("POST", api(owner, "tensorboards"), json=form("x"))
    assert cookieless.status_code == 403
