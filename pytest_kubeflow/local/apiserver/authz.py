"""Authorizer: RBAC over the roles and bindings in the store.

Semantics: kubernetes/plugin/pkg/auth/authorizer/rbac; kubelets get a fixed set of rights, as the
node authorizer and the NodeRestriction plugin would give them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.selectors import parse_labels
from pytest_kubeflow.local.apiserver.store import Store, Type
from pytest_kubeflow.local.apiserver.tokens import User

GROUP = "rbac.authorization.k8s.io"
_ROLES: Type = (GROUP, "roles")
_CLUSTER_ROLES: Type = (GROUP, "clusterroles")
_BINDINGS: Type = (GROUP, "rolebindings")
_CLUSTER_BINDINGS: Type = (GROUP, "clusterrolebindings")
_OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version", "/.well-known/", "/openid/")
_DISCOVERY_PATHS = ("/api", "/apis", "/openapi")

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
        "apiGroups": [""],
        "resources": ["nodes/status", "pods/status"],
        "verbs": ["patch", "update", "get"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
]
_SELF_RULES: list[Object] = [
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    },
    {
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
        "verbs": ["create"],
    },
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

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, user: User, what: Attributes) -> bool:
        if "system:masters" in user.groups:
            return True
        if what.path:
            return what.path.startswith(_OPEN_PATHS) or (
                "system:authenticated" in user.groups and what.path.startswith(_DISCOVERY_PATHS)
            )
        return any(_rule_allows(rule, what) for rule in self.rules(user, what.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Object]:
        """All rules that hold for `user` in `namespace` (empty: cluster-wide)."""
        if "system:authenticated" in user.groups:
            yield from _SELF_RULES
        if "system:nodes" in user.groups:
            yield from _NODE_RULES
        for binding in self._store.list(_CLUSTER_BINDINGS):
            if _binds(binding, user, ""):
                yield from self._role_rules(binding["roleRef"], "")
        if namespace:
            for binding in self._store.list(_BINDINGS, namespace):
                if _binds(binding, user, namespace):
                    yield from self._role_rules(binding["roleRef"], namespace)

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
            for other in self._store.list(_CLUSTER_ROLES):
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
            if user.name == f"system:serviceaccount:{home}:{name}":
                return True
    return False


def _rule_allows(rule: Object, what: Attributes) -> bool:
    def listed(key: str, value: str) -> bool:
        values = rule.get(key) or []
        return "*" in values or value in values

    if not (listed("verbs", what.verb) and listed("apiGroups", what.group)):
        return False
    subresource = what.resource.partition("/")[2]
    if not listed("resources", what.resource) and not (
        subresource and f"*/{subresource}" in (rule.get("resources") or [])
    ):
        return False
    names = rule.get("resourceNames")
    return not names or what.name in names


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


def default_roles() -> list[tuple[Type, Object]]:
    """ClusterRoles and bindings that a server has from its first start."""
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    core = [
        "configmaps",
        "endpoints",
        "events",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "serviceaccounts",
        "services",
    ]
    others = ["apps", "batch", "networking.k8s.io", "policy", "discovery.k8s.io"]
    view = [
        {"apiGroups": [""], "resources": [*core, "namespaces", "resourcequotas"], "verbs": _READ},
        {"apiGroups": others, "resources": ["*"], "verbs": _READ},
    ]
    edit = [
        {"apiGroups": [""], "resources": [*core, "secrets", "pods/eviction"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["namespaces", "resourcequotas"], "verbs": _READ},
        {"apiGroups": others, "resources": ["*"], "verbs": ["*"]},
    ]
    admin = [*edit, {"apiGroups": [GROUP], "resources": ["roles", "rolebindings"], "verbs": ["*"]}]
    named = {"cluster-admin": everything, "admin": admin, "edit": edit, "view": view}
    roles: list[tuple[Type, Object]] = [
        (_CLUSTER_ROLES, {"kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
        for name, rules in named.items()
    ]
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": "system:masters"}],
    }
    return [*roles, (_CLUSTER_BINDINGS, binding)]
