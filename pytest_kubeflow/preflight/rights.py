"""Rights: what the tests need to be allowed at the Kubernetes API, and the RBAC that allows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling

ROLE = "pytest-kubeflow"


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on one resource, and what they are for, to complete "for ..."."""

    verbs: tuple[str, ...]
    resource: str
    purpose: str
    group: str = ""
    component: str | None = None
    """The component of which it is a resource; None where every Kubernetes has it."""

    @property
    def kind(self) -> str:
        """The resource with its group: "inferenceservices.serving.kserve.io"."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


_OBJECT = ("create", "get", "list", "delete")
NEEDED = (
    Right(_OBJECT, "pods", "volumes and helper pods"),
    Right(("get",), "pods/log", "the logs of tasks and volumes"),
    Right(_OBJECT, "persistentvolumeclaims", "volumes"),
    Right(_OBJECT, "configmaps", "volumes"),
    Right(("list",), "events", "evidence of what went wrong"),
    Right(_OBJECT, "secrets", "models in the object store"),
    Right(_OBJECT, "serviceaccounts", "models in the object store"),
    Right((*_OBJECT, "patch"), "inferenceservices", "served models", "serving.kserve.io", "kserve"),
)
"""In the namespace to work in."""


def missing_rights(
    kubernetes: KubernetesClient, namespace: str | None, components: frozenset[str]
) -> list[Right]:
    """Those of `NEEDED` that we lack in `namespace` (None: in every one), with the verbs we lack.

    Asked by SelfSubjectAccessReviews, which everybody may make.
    """
    lacking = []
    for right in NEEDED:
        if right.component is not None and right.component not in components:
            continue
        verbs = tuple(
            verb
            for verb in right.verbs
            if not kubernetes.may(verb, right.resource, group=right.group, namespace=namespace)
        )
        if verbs:
            lacking.append(Right(verbs, right.resource, right.purpose, right.group))
    return lacking


def described(lacking: Sequence[Right]) -> str:
    """One line: which rights are missing, and for what."""
    return "; ".join(f"{', '.join(one.verbs)} {one.kind} ({one.purpose})" for one in lacking)


def manifest(lacking: Sequence[Right], namespace: str | None, subject: dict[str, Any]) -> str:
    """YAML for `kubectl apply -f -` by an administrator, which gives `subject` these rights."""
    import yaml

    kind = "Role" if namespace else "ClusterRole"
    metadata = {"name": ROLE, "namespace": namespace} if namespace else {"name": ROLE}
    rules = [
        {"apiGroups": [one.group], "resources": [one.resource], "verbs": [*one.verbs]}
        for one in lacking
    ]
    api = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{api}/v1", "kind": kind, "metadata": metadata, "rules": rules}
    binding: dict[str, Any] = {
        "apiVersion": f"{api}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": api, "kind": kind, "name": ROLE},
        "subjects": [subject],
    }
    # Copied, so that YAML has no anchors for what is in it twice.
    return str(yaml.safe_dump_all([role, {**binding, "metadata": dict(metadata)}], sort_keys=False))


def subject_of(kubernetes: KubernetesClient) -> dict[str, Any]:
    """Us, as the subject of a RoleBinding (SelfSubjectReview, since Kubernetes 1.28)."""
    from kubernetes import client

    name = "YOU"
    try:
        with calling("ask who we are"):
            review = kubernetes.authentication.create_self_subject_review(
                client.V1SelfSubjectReview()
            )
        name = review.status.user_info.username
    except KubeflowError:  # an older release: whoever applies the manifest knows the name
        pass
    parts = name.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        return {"kind": "ServiceAccount", "name": parts[3], "namespace": parts[2]}
    return {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
