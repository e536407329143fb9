"""Authorizer: RBAC over the roles and bindings in the store.

Semantics: kubernetes/plugin/pkg/auth/authorizer/rbac; kubelets get a fixed set of rights, as the
node authorizer and the NodeRestriction plugin would give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.apiserver.auth.defaultroles import GROUP
from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.selectors.parsing import parse_labels
from pytest_kubeflow.local.apiserver.store import ResourceStore, Type
from pytest_kubeflow.local.apiserver.tokens import ACCOUNT_PREFIX, User

_ROLES: Type = (GROUP, "roles")
_CLUSTER_ROLES: Type = (GROUP, "clusterroles")
_BINDINGS: Type = (GROUP, "rolebindings")
_CLUSTER_BINDINGS: Type = (GROUP, "clusterrolebindings")

_READ = ["get", "list", "watch"]
_NODE_RULES: list[Object] = [
    {
        "apiGroups": [""],
        "resources": [
            "configmaps",
            "endpoints",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "secrets",
            "serviceaccounts",
            "services",
        ],
        "verbs": _READ,
    },
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["create", "patch", "update"]},
    {
        "apiGroups": ["authentication.k8s.io", "authorization.k8s.io"],
        "resources": ["tokenreviews", "subjectaccessreviews"],
        "verbs": ["create"],
    },
    {
        "apiGroups": [""],
        "resources": ["nodes/status", "pods/status"],
        "verbs": ["patch", "update", "get"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is to be done. `resource` includes the subresource (`pods/log`)."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Authorizer:
    """Answers whether a user may do something."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    def allows(self, user: User, what: Attributes) -> bool:
        if "system:masters" in user.groups:
            return True
        return any(_rule_allows(rule, what) for rule in self.rules(user, what.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Object]:
        """All rules that hold for `user` in `namespace` (empty: cluster-wide)."""
        if "system:nodes" in user.groups:
            yield from _NODE_RULES
        for binding in self._store.list(_CLUSTER_BINDINGS):
            if _binds(binding, user, ""):
                yield from self._role_rules(binding["roleRef"], "")
        if namespace:
            for binding in self._store.list(_BINDINGS, namespace):
                if _binds(binding, user, namespace):
                    yield from self._role_rules(binding["roleRef"], namespace)

    def given_by(self, reference: Object, namespace: str) -> Iterator[Object]:
        """The rules of a role; of one that is not there, none."""
        if {"kind", "name"} <= reference.keys():
            yield from self._role_rules(reference, namespace)

    def _role_rules(self, reference: Object, namespace: str) -> Iterator[Object]:
        if reference["kind"] == "Role":
            role = self._store.get(_ROLES, (namespace, reference["name"]))
        else:
            role = self._store.get(_CLUSTER_ROLES, ("", reference["name"]))
        if role is not None:
            yield from self._with_aggregated(role, frozenset())

    def _with_aggregated(self, role: Object, seen: frozenset[str]) -> Iterator[Object]:
        yield from role.get("rules") or []
        seen |= {role["metadata"]["name"]}
        for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []:
            labels = selector.get("matchLabels") or {}
            matches = parse_labels(",".join(f"{key}={value}" for key, value in labels.items()))
            for other in list(self._store.list(_CLUSTER_ROLES)):
                metadata = other["metadata"]
                if metadata["name"] not in seen and matches(metadata.get("labels") or {}):
                    yield from self._with_aggregated(other, seen)


def _binds(binding: Object, user: User, namespace: str) -> bool:
    for subject in binding.get("subjects") or []:
        name = subject["name"]
        if subject["kind"] == "User" and name == user.name:
            return True
        if subject["kind"] == "Group" and name in user.groups:
            return True
        if subject["kind"] == "ServiceAccount":
            home = subject.get("namespace") or namespace
            if user.name == f"{ACCOUNT_PREFIX}{home}:{name}":
                return True
    return False


def _rule_allows(rule: Object, what: Attributes) -> bool:
    def listed(key: str, value: str) -> bool:
        values = rule.get(key) or []
        return "*" in values or value in values

    if what.path:
        paths = rule.get("nonResourceURLs") or []
        return listed("verbs", what.verb) and any(
            what.path.startswith(path[:-1]) if path.endswith("*") else what.path == path
            for path in paths
        )
    if not (listed("verbs", what.verb) and listed("apiGroups", what.group)):
        return False
    subresource = what.resource.partition("/")[2]
    if not listed("resources", what.resource) and not (
        subresource and f"*/{subresource}" in (rule.get("resources") or [])
    ):
        return False
    names = rule.get("resourceNames")
    return not names or what.name in names


def impersonations(user: str, groups: Sequence[str]) -> Iterator[Attributes]:
    """What they must be allowed who ask in another's name."""
    account = user.removeprefix(ACCOUNT_PREFIX)
    if account != user and account.count(":") == 1:
        namespace, name = account.split(":")
        yield Attributes("impersonate", "", "serviceaccounts", namespace, name)
    else:
        yield Attributes("impersonate", "", "users", "", user)
    for group in groups:
        yield Attributes("impersonate", "", "groups", "", group)


def refusal(user: User, what: Attributes) -> str:
    """The real server's sentence for a refused request."""
    if what.path:
        return f'User "{user.name}" cannot {what.verb} path "{what.path}"'
    resource, group = what.resource, what.group
    where = f'in the namespace "{what.namespace}"' if what.namespace else "at the cluster scope"
    return (
        f'User "{user.name}" cannot {what.verb} resource "{resource}" in API group "{group}" '
        f"{where}"
    )
