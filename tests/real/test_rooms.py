"""The plugin's Kubernetes rooms against the API server itself: no node is needed for these."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.pods.lifecycle import create_pod, wait_for_end
from pytest_kubeflow.k8s.pods.template import ContainerSpec, pod_manifest
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.sessions.reaper import Reaper
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.retries.tally import LOST
from pytest_kubeflow.waiting import Deadline, WaitTimeout
from tests.real.controlplane import ControlPlane
from tests.real.kubeconfigs import of_account
from tests.real.seat import fill, one_seat, seat_held

_SECONDS = 60


@pytest.fixture(scope="module")
def kubernetes(control_plane: ControlPlane) -> Iterator[KubernetesClient]:
    client = KubernetesClient(control_plane.admin)
    yield client
    client.close()


@pytest.fixture(scope="module")
def owner() -> Ownership:
    return Ownership("tests@real")


@pytest.fixture
def namespace(
    kubernetes: KubernetesClient, owner: Ownership, request: pytest.FixtureRequest
) -> Iterator[str]:
    name = request.node.name.replace("_", "-")[:40].strip("-")
    create_namespace(kubernetes, name, labels=owner.labels(), deadline=Deadline.after(_SECONDS))
    yield name
    delete_namespace(kubernetes, name)


def test_a_namespace_is_used_once_its_account_is_there(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    accounts = kubernetes.core.list_namespaced_service_account(namespace).items
    assert "default" in [one.metadata.name for one in accounts]


def test_the_reaper_removes_what_has_expired_and_nothing_else(
    kubernetes: KubernetesClient, owner: Ownership, namespace: str
) -> None:
    expired = Ownership("tests@real", expires=int(time.time()) - 5)
    core = kubernetes.core
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "none",
    }
    for labels, suffix in ((expired.labels(), "old"), (owner.labels(), "new"), ({}, "foreign")):
        named = {"metadata": {"name": suffix, "labels": labels}}
        core.create_namespaced_config_map(namespace, named)
        core.create_namespaced_secret(namespace, named)
        core.create_namespaced_persistent_volume_claim(namespace, {**named, "spec": claim})
    Reaper(kubernetes).reap(namespace)
    for left in (core.list_namespaced_config_map, core.list_namespaced_secret):
        names = {one.metadata.name for one in left(namespace).items}
        assert {"new", "foreign"} <= names
        assert "old" not in names
    claims = core.list_namespaced_persistent_volume_claim(namespace).items
    assert {one.metadata.name for one in claims if not one.metadata.deletion_timestamp} == {
        "new",
        "foreign",
    }


def test_an_expired_namespace_goes_with_all_in_it(kubernetes: KubernetesClient) -> None:
    expired = Ownership("tests@real", expires=int(time.time()) - 5)
    deadline = Deadline.after(_SECONDS)
    create_namespace(kubernetes, "expired", labels=expired.labels(), deadline=deadline)
    Reaper(kubernetes).reap()
    wait_until_gone(kubernetes, "expired", deadline=Deadline.after(_SECONDS))


def test_a_namespace_that_does_not_go_says_what_holds_it(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    held = {"metadata": {"name": "held", "finalizers": ["example.com/never"]}}
    kubernetes.core.create_namespaced_config_map(namespace, held)
    delete_namespace(kubernetes, namespace)
    with pytest.raises(WaitTimeout, match=r"example\.com/never"):
        wait_until_gone(kubernetes, namespace, deadline=Deadline.after(10))
    kubernetes.core.patch_namespaced_config_map(
        "held", namespace, {"metadata": {"finalizers": None}}
    )
    wait_until_gone(kubernetes, namespace, deadline=Deadline.after(_SECONDS))


def test_an_account_comes_by_its_token_and_has_its_rights_alone(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    asked = TokenRequest(
        kubernetes, namespace=namespace, account="default", audience=None, redactor=Redactor()
    )
    token = asked.headers()["Authorization"].removeprefix("Bearer ")
    account = kubernetes.with_token(Secret(token))
    assert kubernetes.may("create", "pods", namespace=namespace)
    assert not account.may("create", "pods", namespace=namespace)
    with pytest.raises(KubeflowError, match="forbidden"), calling("list pods"):
        account.core.list_namespaced_pod(namespace)


def test_an_account_that_is_not_there_is_named(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    asked = TokenRequest(
        kubernetes, namespace=namespace, account="nobody", audience=None, redactor=Redactor()
    )
    with pytest.raises(KubeflowError, match="nobody"):
        asked.headers()


def test_a_pod_that_no_node_takes_says_why(
    kubernetes: KubernetesClient, owner: Ownership, namespace: str
) -> None:
    main = ContainerSpec("main", "python:3.11", ["python3"], {})
    manifest = pod_manifest("waits", labels=owner.labels(), containers=[main])
    manifest["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "nowhere"}
    create_pod(kubernetes, namespace, manifest)
    with pytest.raises(KubeflowError) as caught:
        wait_for_end(kubernetes, namespace, "waits", deadline=Deadline.after(8))
    message = f"{caught.value} {getattr(caught.value, 'evidence', '')}"
    assert "nodes are available" in message or "no nodes available" in message


def test_a_quota_is_named_in_the_servers_words(
    kubernetes: KubernetesClient, owner: Ownership, namespace: str
) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    core = kubernetes.core
    core.create_namespaced_resource_quota(namespace, quota)
    ends = time.monotonic() + _SECONDS
    while not core.read_namespaced_resource_quota("none", namespace).status.hard:
        assert time.monotonic() < ends
        time.sleep(0.1)
    main = ContainerSpec("main", "python:3.11", ["python3"], {})
    with pytest.raises(KubeflowError, match="exceeded quota: none"):
        create_pod(
            kubernetes,
            namespace,
            pod_manifest("one", labels=owner.labels(), containers=[main]),
        )


def test_429_of_priority_and_fairness_is_asked_again(
    control_plane: ControlPlane, kubernetes: KubernetesClient, namespace: str, tmp_path: Path
) -> None:
    """A user with one seat, which another request of the same user holds for a while."""
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    kubernetes.rbac.create_namespaced_role_binding(
        namespace, {"metadata": {"name": "edit"}, "roleRef": role, "subjects": [subject]}
    )
    fill(kubernetes, namespace)
    file = of_account(control_plane.admin, namespace, "default", tmp_path / "account")
    limited = KubernetesClient(file)
    before = LOST.plain()

    def ask() -> None:
        with calling("list pods"):
            limited.core.list_namespaced_pod(namespace)

    def refused() -> int:
        return sum(kinds.get("429", 0) for kinds in LOST.since(before).plain().values())

    with one_seat(kubernetes, limited, namespace), ThreadPoolExecutor(1) as pool:
        with seat_held(file, control_plane.authority.ca, namespace):
            asking = pool.submit(ask)
            ends = time.monotonic() + _SECONDS
            while not refused():
                assert time.monotonic() < ends
                assert not asking.done()
                time.sleep(0.05)
        asking.result(_SECONDS)
    limited.close()


def test_a_restart_of_the_api_server_ends_no_wait(
    control_plane: ControlPlane, kubernetes: KubernetesClient, owner: Ownership, namespace: str
) -> None:
    """Last, and alone with its control plane's other tests: the API server goes and comes back."""
    held = {"metadata": {"name": "held", "finalizers": ["example.com/never"]}}
    kubernetes.core.create_namespaced_config_map(namespace, held)
    delete_namespace(kubernetes, namespace)
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            wait_until_gone(kubernetes, namespace, deadline=Deadline.after(240))
        except KubeflowError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    control_plane.stop_api()
    control_plane.start_api()
    kubernetes.core.patch_namespaced_config_map(
        "held", namespace, {"metadata": {"finalizers": None}}
    )
    waiting.join(300)
    assert not waiting.is_alive()
    assert not failed, failed
