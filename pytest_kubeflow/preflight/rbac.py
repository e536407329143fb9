"""The RBAC that gives somebody rights, as YAML for an administrator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.preflight.rightstable import RuleKey

ROLE = "pytest-kubeflow"
"""What their names begin with; that of the subject follows, so that others keep theirs."""

_NO_NAME = re.compile(r"[/%\s]")
_API = "rbac.authorization.k8s.io"

_Rule = tuple[RuleKey, Sequence[str]]
Rules = Mapping[RuleKey, Sequence[str]]


def manifest(rules: Rules, namespace: str | None, subject: dict[str, Any]) -> str:
    """YAML for `kubectl apply -f -`, which gives `subject` these rights, as `roles` has them."""
    return as_yaml(roles(rules, namespace, subject))


def roles(rules: Rules, namespace: str | None, subject: dict[str, Any]) -> list[dict[str, Any]]:
    """Roles and their bindings, which give `subject` these rights.

    Those to what is in a namespace hold in `namespace`, or in every one without it.
    """
    namespaced = [one for one in rules.items() if not one[0][2]] if namespace else []
    cluster_wide = [one for one in rules.items() if one[0][2] or not namespace]
    return [
        *_role("Role", namespaced, namespace, subject),
        *_role("ClusterRole", cluster_wide, None, subject),
    ]


def as_yaml(documents: Sequence[Mapping[str, Any]]) -> str:
    """Objects as people apply them."""
    import yaml

    return str(
        yaml.dump_all(
            documents, Dumper=_plain_dumper(), sort_keys=False, default_flow_style=None, width=100
        )
    )


def _role(
    kind: str,
    rules: Sequence[_Rule],
    namespace: str | None,
    subject: dict[str, Any],
) -> list[dict[str, Any]]:
    if not rules:
        return []
    name = _NO_NAME.sub("-", ":".join((ROLE, *_parts(subject))))
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    role = {
        "apiVersion": f"{_API}/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": [
            {
                "apiGroups": [group],
                "resources": [resource],
                **({"resourceNames": [*names]} if names else {}),
                "verbs": [*verbs],
            }
            for (group, resource, _, names), verbs in rules
        ],
    }
    binding = {
        "apiVersion": f"{_API}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _API, "kind": kind, "name": name},
        "subjects": [subject],
    }
    return [role, binding]


def _parts(subject: dict[str, Any]) -> list[str]:
    return [subject[key] for key in ("namespace", "name") if key in subject]


def _plain_dumper() -> Any:
    import yaml

    class PlainDumper(yaml.SafeDumper):
        """Without anchors for what is there twice."""

        def ignore_aliases(self, _: Any) -> bool:
            return True

    return PlainDumper


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
