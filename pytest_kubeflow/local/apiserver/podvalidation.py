"""What the API server refuses of pods, and of the templates of pods.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from pytest_kubeflow.local.apiserver.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    Cause,
    bad,
    quantity,
    required,
    twice,
    unsupported,
)
from pytest_kubeflow.local.apiserver.errors import Object


def pod(obj: Object) -> Iterator[Cause]:
    """A pod, or a template of pods."""
    spec = obj.get("spec") or {}
    if not spec.get("containers"):
        yield required("spec.containers")
    for field in ("hostname", "subdomain"):
        if (name := spec.get(field)) and len(name) > MOST_LABEL:
            yield bad(f"spec.{field}", name, f"must be no more than {MOST_LABEL} characters")
        if name and not re.fullmatch(LABEL, name):
            yield bad(f"spec.{field}", name, LABEL_MESSAGE)
    volumes: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or []):
        if (called := volume.get("name") or "") in volumes:
            yield twice(f"spec.volumes[{index}].name", called)
        volumes.add(called)
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            yield from _container(f"spec.{group}[{index}]", container, seen, volumes)
    policy = spec.get("restartPolicy", "Always")
    if policy not in {"Always", "OnFailure", "Never"}:
        yield unsupported("spec.restartPolicy", policy, ("Always", "OnFailure", "Never"))


def _container(path: str, container: Object, seen: set[str], volumes: set[str]) -> Iterator[Cause]:
    name = container.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    elif not re.fullmatch(LABEL, name) or len(name) > MOST_LABEL:
        yield bad(f"{path}.name", name, LABEL_MESSAGE)
    elif name in seen:
        yield twice(f"{path}.name", name)
    seen.add(name)
    if not container.get("image"):
        yield required(f"{path}.image")
    for at, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            missing = mount.get("name")
            field = f"{path}.volumeMounts[{at}].name"
            yield (field, "FieldValueNotFound", f'Not found: "{missing}"')
    yield from _container_resources(path, container.get("resources") or {})


# What a container can have besides extended resources such as example.com/gpu.
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage", "hugepages-")


def _container_resources(path: str, resources: Object) -> Iterator[Cause]:
    parsed: dict[str, dict[str, Fraction]] = {}
    for section in ("limits", "requests"):
        for name, amount in (resources.get(section) or {}).items():
            field = f"{path}.resources.{section}[{name}]"
            if "/" not in name and not name.startswith(_STANDARD_RESOURCES):
                yield bad(field, name, "must be a standard resource type or fully qualified")
            value = quantity("Pod", amount)
            if value < 0:
                yield bad(field, str(amount), "must be greater than or equal to 0")
            if "/" in name and value.denominator != 1:
                yield bad(field, str(amount), "must be an integer")
            parsed.setdefault(section, {})[name] = value
    limits = parsed.get("limits", {})
    for name, value in parsed.get("requests", {}).items():
        if name in limits and value > limits[name]:
            shown = resources["requests"][name]
            yield bad(
                f"{path}.resources.requests",
                str(shown),
                f"must be less than or equal to {name} limit of {resources['limits'][name]}",
            )
        elif "/" in name and name not in limits:
            why = "Limit must be set for non overcommitable resources"
            yield required(f"{path}.resources.limits", why)
        elif "/" in name and limits[name] != value:
            yield bad(
                f"{path}.resources.requests",
                str(resources["requests"][name]),
                f"must be equal to {name} limit of {resources['limits'][name]}",
            )
