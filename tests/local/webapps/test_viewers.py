"""Viewers of the volumes web app: files of a claim in a browser, through the gateway."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.local.webapps.conftest import Person, eventually

CSV = b"1,2\n3,4\n"


def api(owner: Person, *more: str) -> str:
    return "/".join(["/volumes/api/namespaces", owner.namespace, *more])


@pytest.fixture(scope="module")
def headers(owner: Person) -> dict[str, str]:
    """The header that the app's own page sends."""
    owner.ask("GET", "/volumes/")
    token = owner.session.cookies.get("XSRF-TOKEN", path="/volumes")
    assert token is not None
    return {"X-XSRF-TOKEN": token}


def claimed(owner: Person, headers: dict[str, str]) -> str:
    name = f"v-{uuid.uuid4().hex[:8]}"
    claim = {"mode": "ReadWriteOnce", "class": "{empty}", "size": "1Gi", "type": "empty"}
    made = owner.ask("POST", api(owner, "pvcs"), json={"name": name, **claim}, headers=headers)
    assert made.status_code == 200, made.text
    return name


def row(owner: Person, name: str) -> dict[str, Any]:
    table = owner.ask("GET", api(owner, "pvcs")).json()["pvcs"]
    found: dict[str, Any] = next((one for one in table if one["name"] == name), {})
    return found


@pytest.fixture(scope="module")
def viewed(owner: Person, headers: dict[str, str]) -> Iterator[str]:
    """A claim with a viewer that is ready."""
    name = claimed(owner, headers)
    assert row(owner, name)["viewer"] == {"status": "uninitialized", "url": None}
    opened = owner.ask("POST", api(owner, "viewers"), json={"name": name}, headers=headers)
    assert opened.json()["message"] == "PVCViewer created successfully."
    eventually(lambda: row(owner, name)["viewer"]["status"] == "ready")
    yield name
    owner.ask("DELETE", api(owner, "viewers", name), headers=headers)
    owner.ask("DELETE", api(owner, "pvcs", name), headers=headers)


@pytest.fixture(scope="module")
def browser(owner: Person, viewed: str) -> tuple[str, dict[str, str]]:
    """Where the viewer answers, and the header of who is in."""
    url = row(owner, viewed)["viewer"]["url"]
    assert url == f"/pvcviewers/{owner.namespace}/{viewed}/"
    eventually(lambda: owner.ask("GET", f"{url}health").status_code == 200)
    login = owner.ask("POST", f"{url}api/login")
    assert login.status_code == 200, login.text
    return url, {"X-Auth": login.text}


def test_a_file_is_put_there_and_a_pod_reads_it(
    owner: Person, browser: tuple[str, dict[str, str]], viewed: str, core: Any
) -> None:
    url, header = browser
    file = f"{url}api/resources/folder/input_numbers.csv"
    assert owner.ask("POST", file, data=CSV, headers=header).status_code == 200
    assert owner.ask("POST", file, data=CSV, headers=header).status_code == 409
    again = owner.ask("POST", f"{file}?override=true", data=CSV, headers=header)
    assert again.status_code == 200
    listed = owner.ask("GET", f"{url}api/resources/folder", headers=header).json()
    assert [(one["name"], one["size"]) for one in listed["items"]] == [
        ("input_numbers.csv", len(CSV))
    ]
    raw = owner.ask("GET", f"{url}api/raw/folder/input_numbers.csv", headers=header)
    assert raw.content == CSV
    script = "cat /data/folder/input_numbers.csv; echo of a pod > /data/of-a-pod.txt"
    container = {
        "name": "main",
        "image": "busybox",
        "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "v", "mountPath": "/data"}],
    }
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": viewed}}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    pod = core.create_namespaced_pod(
        owner.namespace, {"metadata": {"generateName": "reads-"}, "spec": spec}
    )
    name = pod.metadata.name
    eventually(lambda: core.read_namespaced_pod(name, owner.namespace).status.phase == "Succeeded")
    assert core.read_namespaced_pod_log(name, owner.namespace).encode() == CSV
    core.delete_namespaced_pod(name, owner.namespace)
    found = owner.ask("GET", f"{url}api/resources/of-a-pod.txt", headers=header).json()
    assert found["content"] == "of a pod\n"
    assert owner.ask("PUT", f"{url}api/resources/of-a-pod.txt", data=b"x", headers=header).ok
    assert owner.ask("GET", f"{url}api/raw/of-a-pod.txt", headers=header).content == b"x"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("api/raw/nothing", 404),
        ("api/raw/..%2f..%2fetc%2fpasswd", 403),
        ("api/resources/..%2f..%2f", 403),
    ],
)
def test_what_is_not_on_the_claim_is_not_shown(
    owner: Person, browser: tuple[str, dict[str, str]], path: str, status: int
) -> None:
    url, header = browser
    assert owner.ask("GET", f"{url}{path}", headers=header).status_code in {status, 404}


def test_nobody_else_gets_in(
    owner: Person, other: Person, browser: tuple[str, dict[str, str]], viewed: str
) -> None:
    url, header = browser
    assert owner.ask("GET", f"{url}api/resources/", headers=header).status_code == 200
    assert owner.ask("GET", f"{url}api/resources/").status_code == 401
    assert other.ask("GET", f"{url}api/resources/", headers=header).status_code == 403
    stranger = requests.get(f"{owner.url}{url}api/resources/", headers=header, timeout=10)
    assert stranger.status_code in {302, 401, 403} or "/dex/" in stranger.url
    refused = other.ask("GET", api(owner, "pvcs"))
    assert refused.status_code == 403


def test_a_claim_goes_with_its_viewer_and_stays_with_another_pod(
    owner: Person, headers: dict[str, str], core: Any
) -> None:
    from kubernetes import client

    name = claimed(owner, headers)
    owner.ask("POST", api(owner, "viewers"), json={"name": name}, headers=headers)
    apps = client.AppsV1Api(core.api_client)

    def pods() -> list[Any]:
        selector = f"app.kubernetes.io/name={name}"
        listed = core.list_namespaced_pod(owner.namespace, label_selector=selector)
        return list(listed.items)

    # Before that its program does not hear that it is to end.
    eventually(lambda: row(owner, name)["viewer"]["status"] == "ready")
    assert pods()[0].metadata.labels["app.kubernetes.io/part-of"] == "pvc-viewer"
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
    container = {"name": "c", "image": "busybox", "command": ["sleep", "60"]}
    spec = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 0}
    user = core.create_namespaced_pod(
        owner.namespace, {"metadata": {"generateName": "uses-"}, "spec": spec}
    )
    kept = owner.ask("DELETE", api(owner, "pvcs", name), headers=headers)
    assert kept.status_code == 409
    assert f"['{user.metadata.name}']" in kept.json()["log"]
    core.delete_namespaced_pod(user.metadata.name, owner.namespace, grace_period_seconds=0)
    eventually(
        lambda: owner.ask("DELETE", api(owner, "pvcs", name), headers=headers).status_code == 200
    )

    def all_gone() -> bool:
        deployments = apps.list_namespaced_deployment(owner.namespace).items
        claims = core.list_namespaced_persistent_volume_claim(owner.namespace).items
        names = {one.metadata.name for one in [*deployments, *claims]}
        return not names & {name, f"pvcviewer-{name}"} and not pods()

    eventually(all_gone)


def test_a_pod_with_a_name_label_is_taken_for_a_viewer(
    owner: Person, headers: dict[str, str], core: Any
) -> None:
    """As the real app does it: it looks for a viewer that is called so."""
    name = claimed(owner, headers)
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
    container = {"name": "c", "image": "busybox", "command": ["true"]}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    labels = {"app.kubernetes.io/name": "something"}
    pod = core.create_namespaced_pod(
        owner.namespace, {"metadata": {"generateName": "named-", "labels": labels}, "spec": spec}
    )
    refused = owner.ask("DELETE", api(owner, "pvcs", name), headers=headers)
    assert refused.status_code == 404
    core.delete_namespaced_pod(pod.metadata.name, owner.namespace)
