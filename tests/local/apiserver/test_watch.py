"""Watches: through the official client, and on the wire where it has no word for it."""

import json
from typing import Any

import httpx
import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.local.apiserver.store import ResourceStore


def events(http: httpx.Client, path: str, **query: Any) -> list[tuple[str, dict[str, Any]]]:
    """All events of a watch that ends by itself."""
    parameters = {"watch": "true", "timeoutSeconds": 1, **query}
    answer = http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [(event["type"], event["object"]) for event in map(json.loads, answer.text.splitlines())]


def test_a_watch_sees_what_happens(core: client.CoreV1Api, namespace: str) -> None:
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
    core.patch_namespaced_config_map("a", namespace, {"data": {"x": "y"}})
    core.delete_namespaced_config_map("a", namespace)
    seen = []
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=20
    ):
        seen.append((event["type"], event["object"].data))
        if event["type"] == "DELETED":
            stream.stop()
    assert seen == [("ADDED", None), ("MODIFIED", {"x": "y"}), ("DELETED", {"x": "y"})]


def test_a_watch_without_a_version_begins_with_what_is_there(
    core: client.CoreV1Api, http: httpx.Client, namespace: str
) -> None:
    for name in ("a", "b"):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": name}})
    seen = events(http, f"/api/v1/namespaces/{namespace}/configmaps")
    assert [(kind, obj["metadata"]["name"]) for kind, obj in seen] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
    ]


def test_objects_come_into_and_go_out_of_a_selection(
    core: client.CoreV1Api, http: httpx.Client, namespace: str
) -> None:
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
    for value in ("yes", "yes", "no"):
        core.patch_namespaced_config_map(
            "a", namespace, {"metadata": {"labels": {"on": value, "at": value}}, "data": {}}
        )
    seen = events(
        http,
        f"/api/v1/namespaces/{namespace}/configmaps",
        labelSelector="on=yes",
        resourceVersion=version,
    )
    assert [kind for kind, _ in seen] == ["ADDED", "DELETED"]


def test_a_watch_list_ends_its_beginning_with_a_bookmark(
    core: client.CoreV1Api, http: httpx.Client, namespace: str
) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
    seen = events(
        http,
        f"/api/v1/namespaces/{namespace}/configmaps",
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
    )
    assert [kind for kind, _ in seen] == ["ADDED", "BOOKMARK"]
    bookmark = seen[-1][1]
    assert bookmark["kind"] == "ConfigMap"
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(bookmark["metadata"]["resourceVersion"]) > 0


def test_initial_events_want_a_match(http: httpx.Client, namespace: str) -> None:
    answer = http.get(
        f"/api/v1/namespaces/{namespace}/configmaps",
        params={"watch": "true", "sendInitialEvents": "true"},
    )
    assert answer.status_code == 422
    assert (
        "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch "
        "to NotOlderThan"
    ) in answer.json()["message"]


def test_a_version_of_the_future_is_refused(http: httpx.Client, namespace: str) -> None:
    answer = http.get(
        f"/api/v1/namespaces/{namespace}/configmaps", params={"resourceVersion": "99999999"}
    )
    assert answer.status_code == 504
    assert answer.json()["message"].startswith("Too large resource version: 99999999, current: ")


def test_a_version_that_is_too_old_has_expired() -> None:
    store = ResourceStore(history=3)
    for number in range(5):
        store.put(("", "configmaps"), ("n", str(number)), {"metadata": {}})
    with pytest.raises(LookupError, match=r"too old resource version: 1 \(4\)"):
        store.watch(("", "configmaps"), 1)
    store.watch(("", "configmaps"), store.revision - 3).close()


def test_malformed_parameters_are_refused(core: client.CoreV1Api, http: httpx.Client) -> None:
    for name, value in (
        ("timeoutSeconds", "soon"),
        ("resourceVersion", "now"),
        ("labelSelector", "a=b=c"),
        ("limit", "-x"),
    ):
        watched = {} if name == "limit" else {"watch": "true"}
        answer = http.get("/api/v1/configmaps", params={**watched, name: value})
        # 500 is what a real server has for a version that is no number.
        wanted = {500} if name == "resourceVersion" else {400, 422}
        assert answer.status_code in wanted, answer.text
        assert answer.json()["kind"] == "Status"
    with pytest.raises(ApiException):
        core.list_config_map_for_all_namespaces(label_selector="!!")


def test_a_watch_of_one_object(core: client.CoreV1Api, http: httpx.Client, namespace: str) -> None:
    for name in ("a", "b"):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": name}})
    seen = events(
        http, f"/api/v1/namespaces/{namespace}/configmaps", fieldSelector="metadata.name=b"
    )
    assert [obj["metadata"]["name"] for _, obj in seen] == ["b"]
