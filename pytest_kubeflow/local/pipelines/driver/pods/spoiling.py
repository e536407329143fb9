"""Faults of the pods of tasks: what a driver may get wrong when it makes them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object

_HANGING = ("sh", "-c", "while :; do sleep 3600; done")
_TELLING = 'env; exec "$@"'
_KEYS = ("secretKeyRef", "configMapKeyRef")
_VOLUMES = ("secret", "configMap")


def spoil(pod: Object, faults: Faults) -> None:
    """Change the pod of a task as the faults have it that are on."""
    main = pod["spec"]["containers"][0]
    if faults.active("task-hangs"):
        main["args"] = list(_HANGING)
    for fault, optional in (("secrets-optional", True), ("secrets-required", False)):
        if faults.active(fault):
            for reference in _references(pod["spec"]):
                reference["optional"] = optional
    if faults.active("secret-keys-swapped"):
        named = [one["valueFrom"]["secretKeyRef"] for one in _of_secrets(main)]
        keys = [one["key"] for one in named]
        for reference, key in zip(named, reversed(keys), strict=True):
            reference["key"] = key
    if faults.active("secret-leaks"):
        main["command"] = ["sh", "-c", _TELLING, "sh", *main["command"]]


def _of_secrets(container: Object) -> Iterator[Object]:
    """The variables that have a key of a Secret which the task has asked for."""
    for one in container["env"]:
        reference = (one.get("valueFrom") or {}).get("secretKeyRef")
        # Those that the launcher needs itself may be missing.
        if reference is not None and not reference.get("optional"):
            yield one


def _references(spec: Object) -> Iterator[Object]:
    for one in spec["containers"][0]["env"]:
        source = one.get("valueFrom") or {}
        yield from (source[key] for key in _KEYS if key in source)
    for volume in spec.get("volumes") or []:
        yield from (volume[key] for key in _VOLUMES if key in volume)
