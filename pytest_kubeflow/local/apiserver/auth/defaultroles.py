"""The ClusterRoles and bindings that a server has from its first start.

Rules: kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, without kinds and
subresources that are not served here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.local.apiserver.errors import Object

GROUP = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_ALL = ["*"]
_HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"]
_AGGREGATE = f"{GROUP}/aggregate-to-"
_WORKLOADS = {
    "apps": [
        "daemonsets",
        "deployments",
        "deployments/scale",
        "replicasets",
        "replicasets/scale",
        "statefulsets",
        "statefulsets/scale",
    ],
    "batch": ["cronjobs", "jobs"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Object:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


def _paths(paths: Sequence[str], verbs: Sequence[str] = ("get",)) -> Object:
    return {"nonResourceURLs": list(paths), "verbs": list(verbs)}


_VIEW = [
    _rule(
        "",
        [
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/log",
            "pods/status",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ],
        _READ,
    ),
    _rule("discovery.k8s.io", ["endpointslices"], _READ),
    *(
        _rule(group, [*names, *(f"{name}/status" for name in names if "/" not in name)], _READ)
        for group, names in _WORKLOADS.items()
    ),
]
_EDIT = [
    _rule("", ["pods/attach", "pods/exec", "pods/portforward", "secrets"], _READ),
    _rule("", ["serviceaccounts"], ["impersonate"]),
    _rule(
        "",
        [
            "configmaps",
            "endpoints",
            "events",
            "persistentvolumeclaims",
            "pods",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "secrets",
            "serviceaccounts",
            "services",
        ],
        _WRITE,
    ),
    _rule("", ["pods/eviction", "serviceaccounts/token"], ["create"]),
    _rule("coordination.k8s.io", ["leases"], [*_READ, *_WRITE]),
    *(_rule(group, names, _WRITE) for group, names in _WORKLOADS.items()),
]
_ADMIN = [
    _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
    _rule(GROUP, ["rolebindings", "roles"], [*_READ, *_WRITE]),
]
_REVIEWERS = [
    _rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
    _rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
]
_ROLES: dict[str, list[Object]] = {
    "cluster-admin": [_rule("*", _ALL, _ALL), _paths(_ALL, _ALL)],
    "system:auth-delegator": _REVIEWERS,
    "system:basic-user": [
        _rule(
            "authorization.k8s.io",
            ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            ["create"],
        ),
        _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [_paths([*_HEALTH, *_DISCOVERY])],
    "system:public-info-viewer": [_paths(_HEALTH)],
    "system:service-account-issuer-discovery": [
        _paths(["/.well-known/openid-configuration", "/openid/v1/jwks"])
    ],
}
_AGGREGATED = {"admin": _ADMIN, "edit": _EDIT, "view": _VIEW}
_INCLUDES = {"admin": ["admin"], "edit": ["admin", "edit"], "view": ["admin", "edit", "view"]}
_BOUND = {
    "cluster-admin": ["system:masters"],
    "system:basic-user": ["system:authenticated"],
    "system:discovery": ["system:authenticated"],
    "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
    "system:service-account-issuer-discovery": ["system:serviceaccounts"],
}


def cluster_roles() -> Iterator[Object]:
    """ClusterRoles; `admin`, `edit` and `view` are made up of others by their labels."""
    for name, rules in _ROLES.items():
        yield {"metadata": {"name": name}, "rules": rules}
    for name, rules in _AGGREGATED.items():
        labels = {f"{_AGGREGATE}{target}": "true" for target in _INCLUDES[name]}
        yield {
            "metadata": {"name": f"system:aggregate-to-{name}", "labels": labels},
            "rules": rules,
        }
        selector = {"matchLabels": {f"{_AGGREGATE}{name}": "true"}}
        yield {
            "metadata": {"name": name},
            "aggregationRule": {"clusterRoleSelectors": [selector]},
            "rules": [],
        }


def cluster_role_bindings() -> Iterator[Object]:
    """Which of these roles groups have by default."""
    for role, groups in _BOUND.items():
        yield {
            "metadata": {"name": role},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": group} for group in groups],
        }
