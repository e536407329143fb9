"""The volumes web app: claims by its own API, and forged requests."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.local.webapps.conftest import Person, eventually


def path(namespace: str, *more: str) -> str:
    return "/".join(["/volumes/api/namespaces", namespace, "pvcs", *more])


def wanted(**changes: str) -> dict[str, str]:
    claim = {"mode": "ReadWriteOnce", "class": "{empty}", "size": "1Gi", "type": "empty"}
    return {"name": f"v-{uuid.uuid4().hex[:8]}", **claim, **changes}


@pytest.fixture
def echoed(owner: Person) -> dict[str, str]:
    """The header that the app's own page sends."""
    owner.ask("GET", "/volumes/")
    token = owner.session.cookies.get("XSRF-TOKEN", path="/volumes")
    assert token is not None
    return {"X-XSRF-TOKEN": token}


def test_claims_come_and_go(owner: Person, echoed: dict[str, str], core: Any) -> None:
    body = wanted()
    made = owner.ask("POST", path(owner.namespace), json=body, headers=echoed)
    assert made.json() == {
        "status": 200,
        "success": True,
        "user": owner.email,
        "message": "PVC created successfully.",
    }
    claim = core.read_namespaced_persistent_volume_claim(body["name"], owner.namespace)
    assert claim.spec.storage_class_name == "standard"

    def line() -> dict[str, Any]:
        table = owner.ask("GET", path(owner.namespace)).json()["pvcs"]
        found: dict[str, Any] = next(one for one in table if one["name"] == body["name"])
        return found

    eventually(lambda: line()["status"]["phase"] == "unavailable")
    assert line()["status"]["state"] == "WaitForFirstConsumer"
    assert (line()["capacity"], line()["modes"]) == ("1Gi", ["ReadWriteOnce"])
    events = owner.ask("GET", path(owner.namespace, body["name"], "events")).json()["events"]
    assert events[0]["reason"] == "WaitForFirstConsumer"
    gone = owner.ask("DELETE", path(owner.namespace, body["name"]), headers=echoed)
    assert gone.json()["message"] == f"PVC {body['name']} successfully deleted."
    missing = owner.ask("GET", path(owner.namespace, body["name"]))
    assert missing.status_code == 404
    assert missing.json()["log"] == "The requested resource could not be found in the API Server"


def test_a_claim_in_use_stays(owner: Person, echoed: dict[str, str], core: Any) -> None:
    body = wanted()
    owner.ask("POST", path(owner.namespace), json=body, headers=echoed)
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": body["name"]}}
    container = {"name": "c", "image": "busybox", "command": ["true"]}
    pod = core.create_namespaced_pod(
        owner.namespace,
        {
            "metadata": {"generateName": "user-"},
            "spec": {"restartPolicy": "Never", "containers": [container], "volumes": [volume]},
        },
    )
    refused = owner.ask("DELETE", path(owner.namespace, body["name"]), headers=echoed)
    assert refused.status_code == 409
    assert pod.metadata.name in refused.json()["log"]
    users = owner.ask("GET", path(owner.namespace, body["name"], "pods")).json()["pods"]
    assert [one["metadata"]["name"] for one in users] == [pod.metadata.name]


def test_forged_requests_are_refused(owner: Person, echoed: dict[str, str]) -> None:
    target, body = path(owner.namespace), wanted()

    def refusal(headers: dict[str, str], **cookies: str) -> str:
        answer = owner.ask("POST", target, json=body, headers=headers)
        assert answer.status_code == 403
        message: str = answer.json()["log"]
        return message

    assert refusal({}) == "Could not detect CSRF protection header X-XSRF-TOKEN."
    wrong = {"X-XSRF-TOKEN": "guessed"}
    assert refusal(wrong).startswith("CSRF check failed. Token in cookie XSRF-TOKEN doesn't match")
    owner.session.cookies.clear(domain="localhost.local", path="/volumes")
    assert refusal(echoed) == "Could not find CSRF cookie XSRF-TOKEN in the request."
    listed = owner.ask("GET", target).json()["pvcs"]
    assert body["name"] not in [one["name"] for one in listed]


def test_others_are_refused(owner: Person, other: Person, echoed: dict[str, str]) -> None:
    other.ask("GET", "/volumes/")
    token = other.session.cookies.get("XSRF-TOKEN", path="/volumes")
    assert token is not None
    forged = {"X-XSRF-TOKEN": token}
    body = wanted()
    for answer, verb in (
        (other.ask("GET", path(owner.namespace)), "list"),
        (other.ask("GET", path(owner.namespace, "x")), "get"),
        (other.ask("POST", path(owner.namespace), json=body, headers=forged), "create"),
    ):
        assert answer.status_code == 403
        assert answer.json() == {
            "success": False,
            "status": 403,
            "user": other.email,
            "log": f"User '{other.email}' is not authorized to {verb} v1/persistentvolumeclaims "
            f"in namespace '{owner.namespace}'",
        }
    assert owner.ask("POST", path(owner.namespace), json=body, headers=echoed).status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "{}"}, "Request is not in JSON format."),
        ({"json": {"name": "x"}}, "Parameter 'mode' is missing from the request's body."),
        (
            {"data": "[1", "headers": {"Content-Type": "application/json"}},
            "The browser (or proxy) sent a request that this server could not understand.",
        ),
    ],
)
def test_bad_bodies_are_refused(
    owner: Person, echoed: dict[str, str], options: dict[str, Any], message: str
) -> None:
    headers = {**echoed, **options.pop("headers", {})}
    answer = owner.ask("POST", path(owner.namespace), headers=headers, **options)
    assert (answer.status_code, answer.json()["log"]) == (400, message)


def test_kubernetes_refusals_are_handed_on(owner: Person, echoed: dict[str, str]) -> None:
    body = wanted(name="No Name")
    answer = owner.ask("POST", path(owner.namespace), json=body, headers=echoed)
    assert answer.status_code == 422
    assert "No Name" in answer.json()["log"]


def test_storage_classes_are_told(owner: Person) -> None:
    classes = owner.ask("GET", "/volumes/api/storageclasses").json()["storageClasses"]
    assert set(classes) == {"standard", "immediate"}
    default = owner.ask("GET", "/volumes/api/storageclasses/default").json()
    assert default["defaultStorageClass"] == "standard"
