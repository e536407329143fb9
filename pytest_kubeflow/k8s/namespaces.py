"""Namespaces: one that exists and is used as it is, or a scratch one that is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.errors import ConfigurationError, Evidence, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import is_ours
from pytest_kubeflow.waiting import Deadline, wait_until


def require_namespace(kubernetes: KubernetesClient, name: str) -> None:
    """Make sure that `name` exists and is not being deleted. Raises ConfigurationError if not.

    Who may not read Namespace objects, as a profile's owner often may not, is believed if the
    pods in it can be listed.
    """
    try:
        with calling(f"read namespace {name}"):
            namespace = kubernetes.core.read_namespace(name)
    except NotFound:
        raise ConfigurationError(f"there is no namespace {name!r} on this cluster") from None
    except PermissionDenied:
        with calling(f"use namespace {name}"):
            kubernetes.core.list_namespaced_pod(name, limit=1)
        return
    if namespace.metadata.deletion_timestamp or namespace.status.phase == "Terminating":
        raise ConfigurationError(f"the namespace {name!r} is being deleted")


def may_create_namespaces(kubernetes: KubernetesClient) -> bool:
    """Whether we may create namespaces, and remove them."""
    return all(kubernetes.may(verb, "namespaces") for verb in ("create", "delete"))


def create_namespace(
    kubernetes: KubernetesClient, name: str, *, labels: Mapping[str, str], deadline: Deadline
) -> None:
    """Create a namespace of ours and wait until pods can be made in it."""
    body = {"metadata": {"name": name, "labels": dict(labels)}}
    with calling(f"create namespace {name}"):
        kubernetes.core.create_namespace(body)
    MADE.add("namespace")
    wait_for_service_account(kubernetes, name, "default", deadline=deadline)


def wait_for_service_account(
    kubernetes: KubernetesClient, namespace: str, name: str, *, deadline: Deadline
) -> None:
    """Wait until the service account is there: before, pods of it are refused."""

    def poll() -> bool:
        try:
            with calling(f"read service account {namespace}/{name}"):
                kubernetes.core.read_namespaced_service_account(name, namespace)
        except NotFound:
            return False
        return True

    wait_until(
        poll,
        bool,
        deadline=deadline,
        what=f"service account {namespace}/{name}",
        describe=lambda found: "there" if found else "not there",
    )


def delete_namespace(kubernetes: KubernetesClient, name: str, *, uid: str = "") -> None:
    """Begin to delete a namespace: the one with this `uid`, if that is given.

    Raises PermissionDenied unless it has our labels.
    """
    try:
        with calling(f"read namespace {name}"):
            namespace = kubernetes.core.read_namespace(name)
        if not is_ours(namespace.metadata.labels):
            raise PermissionDenied(f"namespace {name} was not made by pytest-kubeflow: left alone")
        with calling(f"delete namespace {name}"):
            kubernetes.core.delete_namespace(
                name, body={"preconditions": {"uid": uid or namespace.metadata.uid}}
            )
    except NotFound:
        return


def wait_until_gone(kubernetes: KubernetesClient, name: str, *, deadline: Deadline) -> None:
    """Wait until the namespace is gone. WaitTimeout says what its deletion waits for."""

    def poll() -> Any:
        try:
            with calling(f"read namespace {name}"):
                return kubernetes.core.read_namespace(name)
        except NotFound:
            return None

    def describe(namespace: Any) -> str:
        conditions = namespace.status.conditions or []
        found = [f"{one.type}: {one.message}" for one in conditions if one.status == "True"]
        return "; ".join(["Terminating", *found])

    wait_until(
        poll,
        lambda namespace: namespace is None,
        deadline=deadline,
        what=f"namespace {name} to be gone",
        describe=describe,
        evidence=lambda: Evidence(f"namespace {name}", (("last state", describe(poll())),)),
    )
