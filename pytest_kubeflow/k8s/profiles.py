"""Profiles: Kubeflow's custom resource that makes a namespace with all that a user needs there.

Its pieces come one by one, from two controllers (profile-controller, and for the pipelines
kubeflow-pipelines-profile-controller): whoever starts a run too early sees it refused.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import is_ours
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import Deadline, wait_until

EDITOR = "default-editor"
ARTIFACT_SECRET = "mlpipeline-minio-artifact"  # noqa: S105  the name of a Secret object
STORE_KEYS = ("accesskey", "secretkey")
"""The keys in it: of the access key and of the secret key of an S3 store."""

_GROUP, _VERSION, _PLURAL = "kubeflow.org", "v1", "profiles"
_ROLE_BINDINGS = (EDITOR, "namespaceAdmin")


def create_profile(
    kubernetes: KubernetesClient,
    name: str,
    *,
    owner: str,
    labels: Mapping[str, str],
    deadline: Deadline,
) -> None:
    """Create a Profile and wait for its namespace and everything that runs need in it.

    `owner` is the user id that the gateway knows us by: KFP refuses everybody else.
    """
    body = {
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "kind": "Profile",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {"owner": {"kind": "User", "name": owner}},
    }
    with calling(f"create profile {name}"):
        kubernetes.custom.create_cluster_custom_object(_GROUP, _VERSION, _PLURAL, body)
    MADE.add("profile")
    wait_for_pieces(kubernetes, name, deadline=deadline)


def wait_for_pieces(kubernetes: KubernetesClient, name: str, *, deadline: Deadline) -> None:
    """Wait for each piece of a profile's namespace. WaitTimeout names those that are missing."""
    core, rbac = kubernetes.core, kubernetes.rbac
    pieces: dict[str, Callable[[], Any]] = {
        f"namespace {name}": lambda: core.read_namespace(name),
        f"service account {EDITOR}": lambda: core.read_namespaced_service_account(EDITOR, name),
        **{
            f"role binding {one}": partial(rbac.read_namespaced_role_binding, one, name)
            for one in _ROLE_BINDINGS
        },
        f"secret {ARTIFACT_SECRET}": lambda: core.read_namespaced_secret(ARTIFACT_SECRET, name),
    }

    def missing() -> list[str]:
        for piece in list(pieces):
            try:
                with calling(f"read {piece} of profile {name}"):
                    pieces[piece]()
            except NotFound:
                continue
            del pieces[piece]
        return list(pieces)

    wait_until(
        missing,
        lambda left: not left,
        deadline=deadline,
        what=f"profile {name} to be complete",
        describe=lambda left: "missing: " + ", ".join(left),
        evidence=lambda: _evidence(kubernetes, name),
    )


@reading_evidence()
def _evidence(kubernetes: KubernetesClient, name: str) -> Evidence:
    try:
        profile = _read(kubernetes, name)
        conditions = (profile.get("status") or {}).get("conditions") or []
        message = "\n".join(f"{one.get('type')}: {one.get('message')}" for one in conditions)
    except KubeflowError as error:
        message = f"({error.message})"
    return Evidence(f"profile {name}", (("conditions", message or "none yet"),))


def _read(kubernetes: KubernetesClient, name: str) -> dict[str, Any]:
    with calling(f"read profile {name}"):
        found: dict[str, Any] = kubernetes.custom.get_cluster_custom_object(
            _GROUP, _VERSION, _PLURAL, name
        )
    return found


def delete_profile(kubernetes: KubernetesClient, name: str, *, uid: str = "") -> None:
    """Begin to delete a Profile, and with it its namespace; only one of ours.

    The one with this `uid`, if that is given.
    """
    try:
        profile = _read(kubernetes, name)
        if not is_ours(profile["metadata"].get("labels")):
            raise PermissionDenied(f"profile {name} was not made by pytest-kubeflow: left alone")
        with calling(f"delete profile {name}"):
            kubernetes.custom.delete_cluster_custom_object(
                _GROUP,
                _VERSION,
                _PLURAL,
                name,
                body={"preconditions": {"uid": uid or profile["metadata"]["uid"]}},
            )
    except NotFound:
        return


def list_profiles(kubernetes: KubernetesClient, *, selector: str) -> list[dict[str, Any]]:
    """The Profiles with these labels; none where the cluster has no Profiles."""
    try:
        with calling("list profiles"):
            found = kubernetes.custom.list_cluster_custom_object(
                _GROUP, _VERSION, _PLURAL, label_selector=selector
            )
    except NotFound:
        return []
    items: list[dict[str, Any]] = found["items"]
    return items


def may_create_profiles(kubernetes: KubernetesClient) -> bool:
    """Whether we are an administrator who may make (and remove) Profiles."""
    return all(kubernetes.may(verb, _PLURAL, group=_GROUP) for verb in ("create", "delete"))


def artifact_keys(kubernetes: KubernetesClient, namespace: str) -> tuple[Secret, Secret]:
    """The object store's access key and secret key that Kubeflow has put into a namespace.

    Raises PermissionDenied, NotFound.
    """
    with calling(f"read secret {namespace}/{ARTIFACT_SECRET}"):
        data = kubernetes.core.read_namespaced_secret(ARTIFACT_SECRET, namespace).data or {}
    if missing := [key for key in STORE_KEYS if key not in data]:
        raise NotFound(f"secret {namespace}/{ARTIFACT_SECRET} has no {' and no '.join(missing)}")
    access_key, secret_key = (Secret(base64.b64decode(data[key]).decode()) for key in STORE_KEYS)
    return access_key, secret_key
