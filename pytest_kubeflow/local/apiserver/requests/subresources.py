"""Subresources: what each takes, and what kind of object it answers."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.apiserver.resources import ResourceType


@dataclass(frozen=True, slots=True)
class Subresource:
    """`group`, `version` and `kind` are of what it answers; without a kind: the object itself."""

    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""
    kind: str = ""


_WRITTEN = ("get", "patch", "update")
_KNOWN: dict[str, Subresource] = {
    "attach": Subresource(("create", "get"), "", "v1", "PodAttachOptions"),
    "ephemeralcontainers": Subresource(_WRITTEN),
    "exec": Subresource(("create", "get"), "", "v1", "PodExecOptions"),
    "binding": Subresource(("create",), "", "v1", "Binding"),
    "eviction": Subresource(("create",), "policy", "v1", "Eviction"),
    "finalize": Subresource(("update",)),
    "log": Subresource(("get",)),
    "portforward": Subresource(("create", "get"), "", "v1", "PodPortForwardOptions"),
    "scale": Subresource(_WRITTEN, "autoscaling", "v1", "Scale"),
    "status": Subresource(_WRITTEN),
    "token": Subresource(("create",), "authentication.k8s.io", "v1", "TokenRequest"),
}


def subresource(name: str) -> Subresource:
    """What there is to know about the subresource `name` of any kind that has it."""
    return _KNOWN[name]


def subresources(kind: ResourceType) -> dict[str, Subresource]:
    """The subresources of a kind, by their names in order."""
    return {name: _KNOWN[name] for name in sorted(kind.subresources)}
