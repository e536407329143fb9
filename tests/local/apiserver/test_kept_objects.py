"""An API server with a database begins with what an earlier one has answered."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.durable import keep
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.database import Database
from tests.local.apiserver.conftest import Served, serve

SERVICES = "127.99.1.0/24"
DEFINITION: dict[str, Any] = {
    "metadata": {"name": "lamps.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "lamps", "kind": "Lamp"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
LAMPS = "/apis/example.com/v1/namespaces/home/lamps"
HOME = "/api/v1/namespaces/home"
LISTS = (
    *("/api/v1/namespaces", f"{HOME}/configmaps", f"{HOME}/secrets", f"{HOME}/serviceaccounts"),
    *("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", LAMPS),
    *(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/scheduling.k8s.io/v1/priorityclasses",
    ),
)


@contextmanager
def wire(served: Served) -> Iterator[httpx.Client]:
    """An administrator."""
    credentials = served.server.admin_credentials()
    with httpx.Client(
        base_url=credentials.server,
        verify=credentials.ssl_context(),
        headers={"Authorization": f"Bearer {credentials.token}"},
        trust_env=False,
    ) as http:
        yield http


def make(http: httpx.Client, path: str, obj: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=obj)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def read(http: httpx.Client, path: str) -> dict[str, Any]:
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def watched(http: httpx.Client, path: str, since: str) -> list[dict[str, Any]]:
    query = {"watch": "1", "resourceVersion": since, "timeoutSeconds": "1"}
    return [json.loads(line) for line in http.get(path, params=query).text.splitlines()]


def start(tmp_path: Path, turn: int, **more: Any) -> Any:
    (directory := tmp_path / f"turn-{turn}").mkdir()
    return serve(directory, data=tmp_path / "data", **more)


def test_what_was_answered_is_there_after_a_restart(tmp_path: Path) -> None:
    with start(tmp_path, 1) as served, wire(served) as http:
        authority = served.server.ca_file.read_bytes()
        make(http, "/api/v1/namespaces", {"metadata": {"name": "home"}})
        account = make(http, f"{HOME}/serviceaccounts", {"metadata": {"name": "me"}})
        make(http, f"{HOME}/secrets", {"metadata": {"name": "s"}, "data": {"k": "dg=="}})
        make(http, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
        names = {"apiVersion": "example.com/v1", "kind": "Lamp"}
        owner = {**names, "name": "sun", "uid": "u"}
        lamp = make(
            http,
            LAMPS,
            {
                **names,
                "metadata": {"name": "l", "finalizers": ["a.b/c"], "ownerReferences": [owner]},
            },
        )
        http.put(f"{LAMPS}/l/status", json={**lamp, "status": {"on": True}}).raise_for_status()
        http.delete(f"{LAMPS}/l").raise_for_status()  # its finalizer holds it
        service = make(
            http, f"{HOME}/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}
        )
        token = make(http, f"{HOME}/serviceaccounts/me/token", {"spec": {}})["status"]["token"]
        for name in ("a", "b"):
            make(http, f"{HOME}/configmaps", {"metadata": {"name": name}, "data": {"x": name}})
        last = http.delete(f"{HOME}/configmaps/b")
        assert last.status_code == 200
        before = {path: read(http, path) for path in LISTS}
        assert before[LAMPS]["items"][0]["metadata"]["deletionTimestamp"]
        network = read(http, "/api/v1/namespaces/default/services/kubernetes")["spec"]["clusterIP"]

    with start(tmp_path, 2) as served, wire(served) as http:
        assert served.server.ca_file.read_bytes() == authority
        for path, was in before.items():
            now = read(http, path)
            if "clusterroles" not in path and "priority" not in path:
                assert now["items"] == was["items"], path
            uids = [one["metadata"]["uid"] for one in was["items"]]
            assert [one["metadata"]["uid"] for one in now["items"]] == uids, path
            assert int(now["metadata"]["resourceVersion"]) > int(was["metadata"]["resourceVersion"])
        moved = read(http, f"{HOME}/services/s")
        assert moved["metadata"]["uid"] == service["metadata"]["uid"]
        ours = read(http, "/api/v1/namespaces/default/services/kubernetes")["spec"]
        assert moved["spec"]["clusterIP"].rpartition(".")[0] == ours["clusterIP"].rpartition(".")[0]
        assert (
            moved["spec"]["clusterIP"].rpartition(".")[2]
            == (service["spec"]["clusterIP"].rpartition(".")[2])
        )
        assert ours["ports"][0]["targetPort"] == httpx.URL(served.server.url).port
        assert network.rpartition(".")[2] == ours["clusterIP"].rpartition(".")[2] == "1"
        # A token of before is still one of the account.
        review = make(
            http, "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}
        )
        assert review["status"]["user"]["uid"] == account["metadata"]["uid"]
        new = make(http, f"{HOME}/configmaps", {"metadata": {"name": "b"}})
        version = before[f"{HOME}/configmaps"]["metadata"]["resourceVersion"]
        assert int(new["metadata"]["resourceVersion"]) > int(version)
        # What has happened before is not known any more: whoever watched it lists anew.
        (event,) = watched(http, f"{HOME}/configmaps", version)
        assert (event["type"], event["object"]["metadata"]["uid"]) == (
            "ADDED",
            new["metadata"]["uid"],
        )
        version = lamp["metadata"]["resourceVersion"]
        (event,) = watched(http, f"{HOME}/configmaps", version)
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
        assert event["object"]["message"].startswith(f"too old resource version: {version} (")

    for file in ("rows.db", "pki/ca.key", "pki/sa.key"):
        assert stat.S_IMODE((tmp_path / "data" / file).stat().st_mode) == 0o600, file
    assert stat.S_IMODE((tmp_path / "data" / "pki").stat().st_mode) == 0o700


def installed(turn: int) -> list[dict[str, Any]]:
    """A component as an installation has it, with the uids and names of this start."""
    template: dict[str, Any] = {"spec": {"containers": [{"name": "c", "image": f"app:{turn}"}]}}
    template["metadata"] = {"labels": {"app": "a"}}
    selector = {"matchLabels": {"app": "a"}}

    def one(api: str, kind: str, name: str, owner: str = "", **more: Any) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": name, "namespace": "default", "uid": f"{kind}-{turn}"}
        metadata |= {"creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "a"}}
        if owner:
            reference = {"apiVersion": "apps/v1", "kind": owner, "name": "a", "controller": True}
            metadata["ownerReferences"] = [{**reference, "uid": f"{owner}-{turn}"}]
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}

    return [
        one("v1", "ServiceAccount", "default"),
        one("apps/v1", "Deployment", "a", spec={"selector": selector, "template": template}),
        one(
            *("apps/v1", "ReplicaSet", f"a-{turn}", "Deployment"),
            spec={"selector": selector, "template": template},
        ),
        one("v1", "Pod", f"a-{turn}-x", "ReplicaSet", spec=template["spec"]),
        one("v1", "Service", "a", spec={"selector": {"app": "a"}, "ports": [{"port": 80}]}),
        one("v1", "ConfigMap", "c", data={"turn": str(turn)}),
    ]


def test_what_an_installation_brings_takes_the_place_of_what_it_brought(tmp_path: Path) -> None:
    def seen(http: httpx.Client) -> dict[str, dict[str, Any]]:
        return {
            f"{plural}/{one['metadata']['name']}": one
            for api, plural in (
                *(("api/v1", kind) for kind in ("pods", "services", "configmaps")),
                *(("apis/apps/v1", kind) for kind in ("deployments", "replicasets")),
            )
            for one in read(http, f"/{api}/namespaces/default/{plural}")["items"]
        }

    with start(tmp_path, 1, objects=installed(1)) as served, wire(served) as http:
        make(http, "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "mine"}})
        patch = {"metadata": {"labels": {"mine": "yes"}}, "data": {"turn": "changed"}}
        for path in ("configmaps/c", "serviceaccounts/default"):
            http.patch(
                f"/api/v1/namespaces/default/{path}",
                json=patch,
                headers={"Content-Type": "application/merge-patch+json"},
            ).raise_for_status()
        slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
        for name, of in (("a-1", "a"), ("other-1", "other")):
            labels = {"kubernetes.io/service-name": of}
            made = {"metadata": {"name": name, "labels": labels}, "addressType": "IPv4"}
            make(http, slices, {**made, "endpoints": []})
        before = seen(http)
    with start(tmp_path, 2, objects=installed(2)) as served, wire(served) as http:
        after = seen(http)
        account = read(http, "/api/v1/namespaces/default/serviceaccounts/default")
        left = [one["metadata"]["name"] for one in read(http, slices)["items"]]
    assert after.keys() == {
        *("pods/a-2-x", "replicasets/a-2", "deployments/a"),
        *("services/a", "services/kubernetes", "configmaps/c", "configmaps/mine"),
    }
    for name in ("deployments/a", "services/a", "configmaps/c", "configmaps/mine"):
        assert after[name]["metadata"]["uid"] == before[name]["metadata"]["uid"]
    (owner,) = after["replicasets/a-2"]["metadata"]["ownerReferences"]
    assert owner["uid"] == after["deployments/a"]["metadata"]["uid"] == "Deployment-1"
    (owner,) = after["pods/a-2-x"]["metadata"]["ownerReferences"]
    assert owner["uid"] == after["replicasets/a-2"]["metadata"]["uid"] == "ReplicaSet-2"
    assert after["configmaps/c"]["data"] == {"turn": "2"}
    assert account["metadata"]["labels"] == {"app": "a", "mine": "yes"}
    assert left == ["other-1"]


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with start(tmp_path, 1) as served, wire(served) as http:
        configmaps = "/api/v1/namespaces/default/configmaps"
        there = make(http, configmaps, {"metadata": {"name": "there"}})

        async def close() -> None:
            assert served.database is not None
            served.database.close()

        served.do(close())
        for answer in (
            http.post(configmaps, json={"metadata": {"name": "new"}}),
            http.put(f"{configmaps}/there", json={**there, "data": {"a": "b"}}),
            http.delete(f"{configmaps}/there"),
        ):
            assert answer.status_code == 500
            assert answer.json()["message"] == (
                "Internal error occurred: it cannot be kept in the data directory: Cannot operate "
                "on a closed database."
            )
        listed = read(http, configmaps)
        assert [one["metadata"] for one in listed["items"]] == [there["metadata"]]
        assert listed["metadata"]["resourceVersion"] == there["metadata"]["resourceVersion"]


KINDS = (("", "configmaps"), ("example.com", "lamps"))
CHANGES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), st.sampled_from(["put", "remove"])),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(changes=CHANGES)
def test_a_store_is_filled_with_what_an_earlier_one_had(
    changes: list[tuple[tuple[str, str], str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("store") / "rows.db"
    database = Database(path)
    first = ResourceStore()
    keep(first, ResourceTypes(), database, SERVICES)
    for number, (kind, name, what) in enumerate(changes):
        key = ("home", name)
        if what == "put":
            metadata = {"name": name, "namespace": "home"}
            first.put(kind, key, {"metadata": metadata, "data": {"n": number}})
        elif first.get(kind, key) is not None:
            first.remove(kind, key)
    database.close()

    database = Database(path)
    second = ResourceStore()
    keep(second, ResourceTypes(), database, SERVICES)
    database.close()
    assert second.revision == first.revision
    for kind in KINDS:
        assert list(second.list(kind)) == list(first.list(kind))
