"""Snapshots of the embedded cluster, with all rights and with few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import list_pages
from pytest_kubeflow.platform.health import health_of
from pytest_kubeflow.platform.snapshot import read_snapshot
from pytest_kubeflow.platform.snapshot.kind import (
    CONFIG_MAPS,
    DECORATORS,
    NAMESPACES,
    NODES,
    PODS,
    STORAGE_CLASSES,
)
from pytest_kubeflow.redaction import Secret
from tests.cluster.remote import NAMESPACE, Remote
from tests.retries.unreliable import Exchange, status, unreliable


@pytest.fixture
def as_editor(remote: Remote, kubernetes: KubernetesClient) -> Iterator[KubernetesClient]:
    """A profile's own account, which sees that profile alone."""
    token = kubernetes.core.create_namespaced_service_account_token(
        "default-editor", NAMESPACE, {"spec": {}}
    )
    client = kubernetes.with_token(Secret(token.status.token))
    yield client
    client.close()


def test_all_is_seen_once(kubernetes: KubernetesClient) -> None:
    snapshot = read_snapshot(kubernetes)
    assert snapshot.unseen == ()
    assert snapshot.namespaces == ()
    assert snapshot.saw(NODES)
    assert {one["metadata"]["name"] for one in snapshot.all(NAMESPACES)} >= {"kubeflow", NAMESPACE}
    assert snapshot.named(STORAGE_CLASSES, "standard") is not None
    assert snapshot.named(PODS, "no-such-pod", "kubeflow") is None
    assert snapshot.server_version.startswith("v1.")
    assert snapshot.requests <= 60


def test_a_list_comes_in_pages(kubernetes: KubernetesClient) -> None:
    whole = next(list_pages(kubernetes, "/api/v1/configmaps", "list config maps"))
    pages = list(list_pages(kubernetes, "/api/v1/configmaps", "list config maps", page=2))
    assert len(pages) > 1
    assert all(len(page) <= 2 for page in pages)
    names = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in whole]
    assert [
        (one["metadata"]["namespace"], one["metadata"]["name"]) for page in pages for one in page
    ] == names


def test_who_sees_one_namespace_says_so(as_editor: KubernetesClient) -> None:
    snapshot = read_snapshot(as_editor, namespaces=[NAMESPACE])
    reasons = {one.what: one.why for one in snapshot.unseen}
    assert "403" in reasons["nodes"]
    assert reasons["configmaps"].startswith(f"seen in {NAMESPACE} alone: ")
    assert {one["metadata"]["namespace"] for one in snapshot.all(CONFIG_MAPS)} == {NAMESPACE}
    assert not snapshot.saw(CONFIG_MAPS)
    assert not snapshot.saw(NODES)
    assert snapshot.namespaces == (NAMESPACE,)
    assert [one.code for one in health_of(snapshot).findings] == []


def test_who_may_see_nothing_is_told_of_each_kind(as_editor: KubernetesClient) -> None:
    snapshot = read_snapshot(as_editor)
    assert snapshot.all(CONFIG_MAPS) == ()
    found = [one.what for one in snapshot.unseen]
    assert {"nodes", "pods", "configmaps", "secrets", "storageclasses.storage.k8s.io"} <= {*found}
    assert len(found) == len(set(found))


def test_kinds_that_are_not_served_are_no_gap(kubernetes: KubernetesClient) -> None:
    snapshot = read_snapshot(kubernetes, wanted=[DECORATORS, NODES])
    assert snapshot.serves(DECORATORS) is snapshot.saw(DECORATORS)
    assert snapshot.unseen == ()


def test_an_api_that_stops_in_the_middle(remote: Remote, tmp_path: Path) -> None:
    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)
        fault = status(503, "the server is currently unable to handle the request")

        def of_lists(method: str, path: str) -> bool:
            return path.endswith("/pods")

        with way.every_first(fault, times=99, of=of_lists):
            snapshot = read_snapshot(client)
        client.close()
    reasons = {one.what: one.why for one in snapshot.unseen}
    assert "unable to handle the request" in reasons["pods"]
    assert snapshot.saw(NODES)


def test_a_list_whose_place_the_server_has_forgotten(remote: Remote, tmp_path: Path) -> None:
    """Those of etcd are kept for five minutes; what follows is listed anew, and comes once."""

    def forget(exchange: Exchange) -> None:
        if "continue=" in exchange.path:
            gone = "The provided continue parameter is too old to display a consistent list result"
            status(410, gone)(exchange)
        else:
            exchange.pass_on()

    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)
        (whole,) = list_pages(client, "/api/v1/configmaps", "list config maps")
        with way.every_first(forget, times=99):
            pages = list(list_pages(client, "/api/v1/configmaps", "list config maps", page=2))
        client.close()
    names = [one["metadata"]["uid"] for page in pages for one in page]
    assert names == [one["metadata"]["uid"] for one in whole]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><h1>Sign in</h1></html>", "Sign in"),
        (b'["a"]', "no object"),
        (b"", "nothing"),
    ],
)
def test_an_answer_that_is_no_list(remote: Remote, tmp_path: Path, body: bytes, words: str) -> None:
    """Of what stands before the API server, with status 200."""
    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)

        def of_pods(method: str, path: str) -> bool:
            return path.endswith("/pods")

        with way.every_first(lambda one: one.deliver((200, {}, body)), times=99, of=of_pods):
            snapshot = read_snapshot(client)
        client.close()
    reasons = {one.what: one.why for one in snapshot.unseen}
    assert words in reasons["pods"]
    assert snapshot.saw(NODES)


@pytest.mark.parametrize(
    "body", [b'{"items": {"a": 1}}', b'{"items": [1, null], "metadata": []}', b'{"metadata": 1}']
)
def test_a_list_of_another_shape_holds_nothing(remote: Remote, tmp_path: Path, body: bytes) -> None:
    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)
        with way.every_first(lambda one: one.deliver((200, {}, body)), times=99):
            assert list(list_pages(client, "/api/v1/pods", "list pods")) == [[]]
        client.close()


def test_a_list_that_goes_on_where_it_is(remote: Remote, tmp_path: Path) -> None:
    body = b'{"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "same"}}'
    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)
        with way.every_first(lambda one: one.deliver((200, {}, body)), times=99):
            pages = list(list_pages(client, "/api/v1/pods", "list pods"))
        client.close()
    assert [len(page) for page in pages] == [1, 0]


def test_an_api_that_is_not_there(remote: Remote, tmp_path: Path) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.break_off()

    with unreliable(remote.endpoints.kubeconfig, tmp_path) as way:
        client = KubernetesClient(way.kubeconfig)
        with way.every_first(cut, times=99), pytest.raises(KubeflowError, match="cannot ask for"):
            read_snapshot(client)
        client.close()
