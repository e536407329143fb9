"""Nobody gives rights that they do not have: rules of roles, and roles that are bound.

Rules and wording: kubernetes/pkg/registry/rbac (policybased storage, validation/rule.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_kubeflow.local.apiserver.auth.authz import Attributes, Authorizer
from pytest_kubeflow.local.apiserver.errors import Object, StatusError, forbidden
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.apiserver.tokens import User

_GROUP = "rbac.authorization.k8s.io"
_ROLES, _BINDINGS = {"roles", "clusterroles"}, {"rolebindings", "clusterrolebindings"}


def check_escalation(
    authorizer: Authorizer, user: User, target: Target, new: Object, old: Object | None
) -> None:
    """Raise StatusError 403 if a role or binding gives more than its writer has."""
    plural = target.kind.plural
    if target.kind.group != _GROUP or "system:masters" in user.groups:
        return
    if plural in _ROLES:
        if old is not None and old.get("rules") == new.get("rules"):
            return
        verb, given = "escalate", list(new.get("rules") or [])
    elif plural in _BINDINGS:
        if old is not None and old.get("subjects") == new.get("subjects"):
            return
        verb, given = "bind", list(authorizer.given_by(new.get("roleRef") or {}, target.namespace))
    else:
        return
    name = (new.get("metadata") or {}).get("name", "")
    named = name
    resource, namespace = plural, target.namespace
    if plural in _BINDINGS:
        reference = new.get("roleRef") or {}
        resource = "roles" if reference.get("kind") == "Role" else "clusterroles"
        named = reference.get("name", "")
    if authorizer.allows(user, Attributes(verb, _GROUP, resource, namespace, named)):
        return
    missing = [one for one in _single(given) if not _held(authorizer, user, namespace, one)]
    if missing:
        raise _refusal(target, name, user, missing)


def _held(authorizer: Authorizer, user: User, namespace: str, one: Object) -> bool:
    verb = one["verbs"][0]
    if "nonResourceURLs" in one:
        return authorizer.allows(user, Attributes(verb, path=one["nonResourceURLs"][0]))
    names = one.get("resourceNames") or [""]
    group, resource = one["apiGroups"][0], one["resources"][0]
    return authorizer.allows(user, Attributes(verb, group, resource, namespace, names[0]))


def _single(rules: Iterable[Object]) -> Iterator[Object]:
    """Rules of one verb, one group and one resource each."""
    for rule in rules:
        for verb in rule.get("verbs") or []:
            for path in rule.get("nonResourceURLs") or []:
                yield {"nonResourceURLs": [path], "verbs": [verb]}
            for group in rule.get("apiGroups") or []:
                for resource in rule.get("resources") or []:
                    one = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                    names = rule.get("resourceNames")
                    if names:
                        for name in names:
                            yield {**one, "resourceNames": [name]}
                    else:
                        yield one


def _refusal(target: Target, name: str, user: User, missing: list[Object]) -> StatusError:
    groups = ", ".join(f'"{one}"' for one in user.groups).replace(", ", " ")
    listed = "\n".join(_shown(one) for one in _compact(missing))
    why = (
        f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not '
        f"currently held:\n{listed}"
    )
    return forbidden(target.kind.group, target.kind.plural, name, why)


def _compact(rules: list[Object]) -> Iterator[Object]:
    """Rules that differ in their verbs alone, as one."""
    together: dict[str, Object] = {}
    for one in rules:
        key = str({part: value for part, value in one.items() if part != "verbs"})
        found = together.setdefault(key, {**one, "verbs": []})
        found["verbs"] = [*found["verbs"], *one["verbs"]]
    yield from together.values()


_PARTS = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "resourceNames": "ResourceNames",
    "nonResourceURLs": "NonResourceURLs",
    "verbs": "Verbs",
}


def _shown(rule: Object) -> str:
    parts = [
        f"{label}:[" + " ".join(f'"{one}"' for one in rule[part]) + "]"
        for part, label in _PARTS.items()
        if part in rule
    ]
    return "{" + ", ".join(parts) + "}"
