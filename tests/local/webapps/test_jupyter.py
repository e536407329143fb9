"""The jupyter web app: what it makes of a form, what it tells, and whom it refuses."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import yaml

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.cluster import Endpoints
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.webapps.crud import RefusedError
from pytest_kubeflow.local.webapps.notebookstatus import processed_status
from pytest_kubeflow.local.webapps.spawner import Form
from tests.local.webapps.conftest import Person, eventually

ACCOUNT = "system:serviceaccount:kubeflow-user-example-com:default-editor"


def defaults() -> dict[str, Any]:
    """What the form offers in a fresh cluster."""
    maps = [one for one in bootstrap.manifests("notebooks") if one["kind"] == "ConfigMap"]
    (config,) = (one["data"] for one in maps if "spawner_ui_config.yaml" in one["data"])
    found: dict[str, Any] = yaml.safe_load(config["spawner_ui_config.yaml"])
    return dict(found["spawnerFormDefaults"])


def sent(name: str = "", **changes: Any) -> dict[str, Any]:
    """What the form sends when nothing is changed in it, but for a new claim and an image."""
    body = {
        "name": name or f"w-{uuid.uuid4().hex[:8]}",
        "image": "example.com/none:1",
        "imagePullPolicy": "Never",
        "serverType": "jupyter",
        "cpu": "0.5",
        "memory": "1.0Gi",
        "gpus": {"num": "none"},
        "tolerationGroup": "",
        "affinityConfig": "",
        "configurations": [],
        "shm": True,
        "datavols": [],
    }
    return {key: value for key, value in {**body, **changes}.items() if value != "absent"}


def made_of(body: dict[str, Any], **settings: Any) -> dict[str, Any]:
    form = Form(body, {**defaults(), **settings}, namespace="team", user="jane@example.com")
    return form.notebook()


def test_a_form_becomes_a_notebook() -> None:
    made = made_of(sent("one", image=" jupyter:1 ", configurations=["access-ml-pipeline"]))
    assert made["apiVersion"] == "kubeflow.org/v1beta1"
    assert made["metadata"]["labels"] == {"app": "one", "access-ml-pipeline": "true"}
    assert made["metadata"]["annotations"] == {
        "notebooks.kubeflow.org/server-type": "jupyter",
        "notebooks.kubeflow.org/creator": "jane@example.com",
    }
    spec = made["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "default-editor"
    (container,) = spec["containers"]
    assert (container["name"], container["image"]) == ("one", "jupyter:1")
    assert container["resources"] == {
        "requests": {"cpu": "0.5", "memory": "1.0Gi"},
        "limits": {"cpu": "0.6", "memory": "1.2Gi"},
    }
    assert spec["volumes"] == [{"name": "dshm", "emptyDir": {"medium": "Memory"}}]
    assert container["volumeMounts"] == [{"mountPath": "/dev/shm", "name": "dshm"}]  # noqa: S108


def test_other_kinds_of_servers_have_their_paths_rewritten() -> None:
    prefix = "notebooks.kubeflow.org/http-"
    body = sent("one", serverType="group-two", namespace="team")
    annotations = made_of(body)["metadata"]["annotations"]
    assert annotations[f"{prefix}rewrite-uri"] == "/"
    root = '{"X-RStudio-Root-Path":"/notebook/team/one/"}'
    assert annotations[f"{prefix}headers-request-set"] == root
    annotations = made_of(sent("one", serverType="group-one"))["metadata"]["annotations"]
    assert annotations[f"{prefix}rewrite-uri"] == "/"
    assert f"{prefix}headers-request-set" not in annotations


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({"cpuLimit": "2", "memoryLimit": "3Gi"}, {"cpu": "2", "memory": "3Gi"}),
        (
            {"gpus": {"num": 2, "vendor": "nvidia.com/gpu"}},
            {"cpu": "0.6", "memory": "1.2Gi", "nvidia.com/gpu": "2"},
        ),
    ],
)
def test_limits_are_a_multiple_or_what_is_asked_for(
    changes: dict[str, Any], limits: dict[str, str]
) -> None:
    (container,) = made_of(sent(**changes))["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == limits


def test_settings_of_an_administrator_count() -> None:
    fixed = {"readOnly": True, "value": "IfNotPresent"}
    free = {"readOnly": False, "value": "0.5", "limitFactor": "none"}
    toleration = {"key": "dedicated", "operator": "Exists"}
    groups = {"value": "", "options": [{"groupKey": "gpu", "tolerations": [toleration]}]}
    affinity: dict[str, Any] = {"nodeAffinity": {}}
    configs = {"value": "", "options": [{"configKey": "own", "affinity": affinity}]}
    made = made_of(
        sent(imagePullPolicy="absent", tolerationGroup="gpu", affinityConfig="own"),
        imagePullPolicy=fixed,
        cpu=free,
        tolerationGroup=groups,
        affinityConfig=configs,
    )
    spec = made["spec"]["template"]["spec"]
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert spec["containers"][0]["resources"]["limits"] == {"memory": "1.2Gi"}
    assert (spec["tolerations"], spec["affinity"]) == ([toleration], affinity)
    with pytest.raises(RefusedError) as refused:
        made_of(sent(imagePullPolicy="Always"), imagePullPolicy=fixed)
    assert str(refused.value) == "'imagePullPolicy' is readonly but a value was provided: Always"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": "absent"}, "No value provided for: image"),
        ({"cpu": "absent"}, "No value provided for: cpu"),
        ({"gpus": None}, "No value provided for: gpus"),
        ({"tolerationGroup": "absent"}, "No value provided for: tolerationGroup"),
        ({"serverType": "vscode"}, "'vscode' is not a valid server type"),
        ({"serverType": "absent"}, "'None' is not a valid server type"),
        ({"cpu": "NaN"}, "Invalid value for cpu: NaN"),
        ({"memoryLimit": "nanGi"}, "Invalid value for memory limit: nanGi"),
        ({"cpuLimit": "0.1"}, "CPU limit must be greater than the request"),
        ({"memoryLimit": "0.5Gi"}, "Memory limit must be greater than the request"),
        ({"gpus": {}}, "'gpus' must have a 'num' field"),
        ({"gpus": {"num": 1}}, "'gpus' must have a 'vendor' field"),
        ({"configurations": {"a": "b"}}, "Labels for PodDefaults are not list: {'a': 'b'}"),
    ],
)
def test_a_field_that_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError) as refused:
        made_of(sent(**changes))
    assert (refused.value.status, str(refused.value)) == (400, message)


NOW = datetime.now(UTC)
OLD = (NOW - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
STOPPED = {"kubeflow-resource-stopped": ""}


@pytest.mark.parametrize(
    ("metadata", "status", "phase", "message"),
    [
        (
            {"creationTimestamp": "now"},
            {},
            "waiting",
            "Waiting for StatefulSet to create the underlying Pod.",
        ),
        ({"annotations": STOPPED}, {"readyReplicas": 1}, "waiting", "Notebook Server is stopping."),
        (
            {"annotations": STOPPED, "deletionTimestamp": OLD},
            {"readyReplicas": 0},
            "stopped",
            "No Pods are currently running for this Notebook Server.",
        ),
        (
            {"deletionTimestamp": OLD},
            {"readyReplicas": 1},
            "terminating",
            "Deleting this Notebook Server.",
        ),
        ({}, {"readyReplicas": 1}, "ready", "Running"),
        (
            {},
            {"containerState": {"waiting": {"reason": "PodInitializing"}}},
            "warning",
            "PodInitializing: No available message for container state.",
        ),
        (
            {},
            {"conditions": [{"type": "Ready"}, {"reason": "Unschedulable", "message": "full"}]},
            "warning",
            "Unschedulable: full",
        ),
        ({}, {}, "warning", "exceeded quota"),
    ],
)
def test_the_first_thing_that_can_be_told_is(
    metadata: dict[str, Any], status: dict[str, Any], phase: str, message: str
) -> None:
    events = [
        {"metadata": {"creationTimestamp": made}, "type": kind, "message": told}
        for made, kind, told in (
            ("2020-01-01T00:00:00Z", "Warning", "of a former one"),
            (later(1), "Warning", "no account"),
            (later(2), "Warning", "exceeded quota"),
            (later(3), "Normal", "created"),
        )
    ]

    async def listed() -> list[dict[str, Any]]:
        return events

    if metadata.get("creationTimestamp") == "now":
        metadata = {"creationTimestamp": now()}
    notebook = {"metadata": {"creationTimestamp": OLD, **metadata}, "status": status}
    found = asyncio.run(processed_status(notebook, listed))
    assert found == {"phase": phase, "message": message, "state": ""}


def later(seconds: int) -> str:
    made = NOW - timedelta(minutes=5) + timedelta(seconds=seconds)
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Web:
    """Somebody's browser in the app, with the cookie of its page."""

    person: Person
    namespace: str

    @property
    def echoed(self) -> dict[str, str]:
        self.person.ask("GET", "/jupyter/")
        token = self.person.session.cookies.get("XSRF-TOKEN", path="/jupyter")
        assert token is not None
        return {"X-XSRF-TOKEN": token}

    def ask(self, method: str, *path: str, **options: Any) -> requests.Response:
        headers = {} if method == "GET" else self.echoed
        where = "/".join(["/jupyter/api/namespaces", self.namespace, *path])
        return self.person.ask(method, where, headers=headers, **options)

    def phase(self, name: str) -> str:
        found = self.ask("GET", "notebooks", name).json()["notebook"]["processed_status"]
        return f"{found['phase']}: {found['message']}"


@pytest.fixture
def web(owner: Person) -> Web:
    return Web(owner, owner.namespace)


@pytest.fixture
def stranger(owner: Person, other: Person) -> Web:
    return Web(other, owner.namespace)


@pytest.fixture(scope="module")
def custom(cluster: Endpoints) -> Iterator[Any]:
    from kubernetes import client, config

    with config.new_client_from_config(str(cluster.kubeconfig)) as api:
        yield client.CustomObjectsApi(api)


def test_the_page_is_the_apps_and_gives_a_cookie(owner: Person) -> None:
    for path in ("/jupyter/", "/jupyter/new"):
        answer = owner.ask("GET", path)
        assert "<title>Jupyter Management UI</title>" in answer.text
        assert answer.headers["set-cookie"].startswith("XSRF-TOKEN=")


def test_what_all_web_apps_tell(owner: Person) -> None:
    for app in ("/jupyter", "/volumes"):
        config = owner.ask("GET", f"{app}/api/namespaces")
        message = f"User '{owner.email}' is not authorized to list core/v1/namespaces"
        assert (config.status_code, config.json()["log"]) == (403, message)
        classes = owner.ask("GET", f"{app}/api/storageclasses").json()["storageClasses"]
        assert {"standard", "immediate"} <= {*classes}
        default = owner.ask("GET", f"{app}/api/storageclasses/default").json()
        assert default["defaultStorageClass"] == "standard"
    assert owner.ask("GET", "/jupyter/api/config").json()["config"] == defaults()
    assert owner.ask("GET", "/jupyter/api/gpus").json()["vendors"] in ([], ["nvidia.com/gpu"])


def test_a_notebook_is_made_with_its_claims_and_listed(web: Web, core: Any) -> None:
    spec = {"resources": {"requests": {"storage": "1Mi"}}, "accessModes": ["ReadWriteOnce"]}
    name = f"w-{uuid.uuid4().hex[:8]}"
    claims = [f"{name}-{one}" for one in ("workspace", "data")]
    home, data = (
        {"mount": mount, "newPvc": {"metadata": {"name": claim}, "spec": spec}}
        for mount, claim in zip(("/home/jovyan", "/data"), claims, strict=True)
    )
    made = web.ask("POST", "notebooks", json=sent(name, workspace=home, datavols=[data]))
    assert made.json() == {
        "status": 200,
        "success": True,
        "user": web.person.email,
        "message": "Notebook created successfully.",
    }
    listed = {one["name"] for one in web.ask("GET", "pvcs").json()["pvcs"]}
    assert {*claims} <= listed
    used = {
        "mount": "/other",
        "existingSource": {"persistentVolumeClaim": {"claimName": claims[1]}},
    }
    second = f"{name}-b"
    assert web.ask("POST", "notebooks", json=sent(second, datavols=[used])).status_code == 200
    table = {one["name"]: one for one in web.ask("GET", "notebooks").json()["notebooks"]}
    assert table[name]["volumes"] == ["dshm", claims[1], claims[0]]
    assert table[second]["volumes"] == ["dshm", claims[1]]
    line = table[name]
    assert (line["cpu"], line["memory"], line["shortImage"]) == ("0.5", "1.0Gi", "none:1")
    assert line["gpus"] == {"count": 0, "message": ""}
    eventually(lambda: "ErrImageNeverPull" in web.phase(name))
    pod = web.ask("GET", "notebooks", name, "pod").json()["pod"]
    assert pod["metadata"]["name"] == f"{name}-0"
    eventually(lambda: "Reissued from pod/" in web.ask("GET", "notebooks", name, "events").text)
    for one in (name, second):
        gone = web.ask("DELETE", "notebooks", one)
        assert gone.json()["message"] == f"Notebook {one} successfully deleted."
        eventually(lambda one=one: web.ask("GET", "notebooks", one).status_code == 404)  # type: ignore[misc]
    assert web.ask("GET", "notebooks", name, "pod").json()["log"] == "No pod detected."
    claim = core.read_namespaced_persistent_volume_claim(claims[0], web.namespace)
    assert claim.metadata.deletion_timestamp is None


def test_it_is_stopped_once_and_started_as_often_as_one_likes(web: Web) -> None:
    name = sent()["name"]
    web.ask("POST", "notebooks", json=sent(name))
    assert web.ask("PATCH", "notebooks", name, json={"stopped": True}).json() == {
        "status": 200,
        "success": True,
        "user": web.person.email,
    }
    again = web.ask("PATCH", "notebooks", name, json={"stopped": True})
    message = f"Notebook {web.namespace}/{name} is already stopped."
    assert (again.status_code, again.json()["log"]) == (409, message)
    eventually(lambda: web.phase(name).startswith(("stopped", "waiting: Waiting")))
    for _ in range(2):
        started = web.ask("PATCH", "notebooks", name, json={"stopped": False})
        assert started.status_code == 200
    other = web.ask("PATCH", "notebooks", name, json={"paused": True})
    message = "Request body must include at least one supported key: ['stopped']"
    assert (other.status_code, other.json()["log"]) == (400, message)
    web.ask("DELETE", "notebooks", name)


def test_nothing_is_made_of_what_kubernetes_refuses(web: Web) -> None:
    name = sent()["name"]
    claim = {"metadata": {"name": f"{name}-w"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    body = sent(name, workspace={"mount": "/home/jovyan", "newPvc": claim})
    refused = web.ask("POST", "notebooks", json=body)
    assert (refused.status_code, refused.json()["success"]) == (422, False)
    assert "spec.resources" in refused.json()["log"]
    assert web.ask("GET", "notebooks", name).status_code == 404
    assert web.ask("POST", "notebooks", json=sent("Not_A_Name")).status_code == 422
    assert web.ask("POST", "notebooks", json=sent(name)).status_code == 200
    twice = web.ask("POST", "notebooks", json=sent(name))
    message = f'notebooks.kubeflow.org "{name}" already exists'
    assert (twice.status_code, twice.json()["log"]) == (409, message)
    web.ask("DELETE", "notebooks", name)


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"existingSource": {}}, "Volume should have a mount: {'existingSource': {}}"),
        ({"mount": "/a"}, "Volume has neither existingSource nor newPvc: {'mount': '/a'}"),
        (
            {"mount": "/a", "newPvc": {"metadata": {"namespace": "b"}}},
            "PVC should not specify the namespace.",
        ),
    ],
)
def test_a_volume_that_does_not_fit_is_named(web: Web, volume: Any, message: str) -> None:
    refused = web.ask("POST", "notebooks", json=sent(datavols=[volume]))
    assert (refused.status_code, refused.json()["log"]) == (400, message)


def test_what_the_app_takes_for_granted_is_its_own_failure(web: Web) -> None:
    message = "An error occured in the backend."
    for changes in ({"cpu": "500m"}, {"image": 5}, {"datavols": 5}):
        failed = web.ask("POST", "notebooks", json=sent(**changes))
        assert (failed.status_code, failed.json()["log"]) == (500, message)


def test_a_notebook_without_mounts_hides_all_others(web: Web, custom: Any) -> None:
    where = ("kubeflow.org", "v1", web.namespace, "notebooks")
    container = {"name": "hand", "image": "busybox"}
    body = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": "by-hand"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    custom.create_namespaced_custom_object(*where, body)
    broken = web.ask("GET", "notebooks")
    assert (broken.status_code, broken.json()["log"]) == (500, "An error occured in the backend.")
    assert web.ask("GET", "notebooks", "by-hand").status_code == 200
    custom.delete_namespaced_custom_object(*where, "by-hand")
    eventually(lambda: web.ask("GET", "notebooks").status_code == 200)


def test_another_person_is_refused_and_an_account_is_not(
    web: Web, stranger: Web, core: Any
) -> None:
    name = sent()["name"]
    web.ask("POST", "notebooks", json=sent(name))
    message = (
        f"User '{stranger.person.email}' is not authorized to {{}} "
        f"kubeflow.org/v1beta1/notebooks in namespace '{web.namespace}'"
    )
    asked: list[tuple[str, tuple[str, ...], str, Any]] = [
        ("GET", (), "list", None),
        ("GET", (name,), "get", None),
        ("POST", (), "create", sent()),
        ("PATCH", (name,), "patch", {"stopped": False}),
        ("DELETE", (name,), "delete", None),
    ]
    for method, path, verb, body in asked:
        refused = stranger.ask(method, "notebooks", *path, json=body)
        assert (refused.status_code, refused.json()["log"]) == (403, message.format(verb))
    token = core.create_namespaced_service_account_token(
        "default-editor", web.namespace, {"spec": {"expirationSeconds": 600}}
    ).status.token
    listed = f"/jupyter/api/namespaces/{web.namespace}/notebooks"
    headers = {"Authorization": f"Bearer {token}"}
    account = requests.get(f"{web.person.url}{listed}", headers=headers, timeout=10)
    assert (account.status_code, account.json()["user"]) == (200, ACCOUNT)
    web.ask("DELETE", "notebooks", name)


def test_forged_requests_are_refused(owner: Person) -> None:
    path = f"/jupyter/api/namespaces/{owner.namespace}/notebooks"
    owner.ask("GET", "/jupyter/")
    forged = owner.ask("POST", path, json=sent())
    message = "Could not detect CSRF protection header X-XSRF-TOKEN."
    assert (forged.status_code, forged.json()["log"]) == (403, message)
