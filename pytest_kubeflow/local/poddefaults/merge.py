"""Merging PodDefaults into a pod.

Rules: kubeflow/dashboard components/poddefaults-webhooks/main.go. Equal values may be there twice;
other values of the same name are a conflict, and the pod is refused. Init containers get nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.poddefaults.conflicts import (
    ConflictError,
    conflict,
    go_value,
    together,
)

PREFIX = "poddefault.admission.kubeflow.org"
_PROXY = "istio-proxy"


@dataclass(frozen=True, slots=True)
class _Kind:
    """Things in lists: the word for them, what tells them apart, their type."""

    word: str
    key: str
    type: str


_VOLUME = _Kind("volumes", "name", "v1.Volume")
_TOLERATION = _Kind("tolerations", "key", "v1.Toleration")
_SECRET = _Kind("imagePullSecret", "name", "v1.LocalObjectReference")
_ENV = _Kind("env", "name", "v1.EnvVar")
_MOUNT = _Kind("volume mounts", "name", "v1.VolumeMount")
_CONTAINER = _Kind("containers", "name", "v1.Container")


def merged(pod: Object, pod_defaults: Sequence[Object]) -> Object:
    """The pod with all of them. Raises ConflictError with what does not go together."""
    return _Merge(pod, pod_defaults).pod()


class _Merge:
    def __init__(self, pod: Object, pod_defaults: Sequence[Object]) -> None:
        self._pod = pod
        self._defaults = pod_defaults
        self._problems: list[str] = []

    def pod(self) -> Object:
        metadata, spec = self._pod["metadata"], self._pod["spec"]
        made: Object = {
            "volumes": self._listed(_VOLUME, spec.get("volumes"), "volumes"),
            "tolerations": self._listed(_TOLERATION, spec.get("tolerations"), "tolerations"),
            "imagePullSecrets": self._listed(
                _SECRET, spec.get("imagePullSecrets"), "imagePullSecrets"
            ),
        }
        containers = [self._container(one) for one in spec.get("containers") or []]
        annotations = self._mapped(metadata.get("annotations"), "annotations")
        labels = self._mapped(metadata.get("labels"), "labels")
        made["initContainers"] = self._listed(
            _CONTAINER, spec.get("initContainers"), "initContainers"
        )
        # Compared with what they were, as they get none of what is added to the others.
        self._listed(_CONTAINER, spec.get("containers"), "sidecars", tell=True)
        made["containers"] = self._listed(_CONTAINER, containers, "sidecars", tell=False)
        if self._problems:
            raise ConflictError(together(self._problems))
        for one in self._defaults:
            name, version = one["metadata"]["name"], one["metadata"].get("resourceVersion", "")
            annotations[f"{PREFIX}/poddefault-{name}"] = version
            for field in ("automountServiceAccountToken", "serviceAccountName"):
                if one["spec"].get(field) not in {None, ""}:
                    made[field] = one["spec"][field]
        kept = {key: value for key, value in spec.items() if key not in made}
        return {
            **self._pod,
            "metadata": {**metadata, "annotations": annotations, "labels": labels},
            "spec": {**kept, **{key: value for key, value in made.items() if value != []}},
        }

    def _container(self, container: Object) -> Object:
        """Environment and mounts of all; command and arguments where there are none."""
        made = {
            **container,
            "env": self._listed(_ENV, container.get("env"), "env"),
            "volumeMounts": self._mounts(container.get("volumeMounts") or []),
            "envFrom": [*(container.get("envFrom") or []), *self._all("envFrom")],
        }
        if container["name"] != _PROXY:
            for field in ("command", "args"):
                given = (one["spec"].get(field) for one in self._defaults)
                first = next((one for one in given if one is not None), None)
                if container.get(field) is None and first is not None:
                    made[field] = first
        return {key: value for key, value in made.items() if value != [] or key in container}

    def _all(self, field: str) -> Iterator[Any]:
        for one in self._defaults:
            yield from one["spec"].get(field) or []

    def _listed(
        self, kind: _Kind, existing: list[Object] | None, field: str, *, tell: bool = True
    ) -> list[Object]:
        """The list with what is added to it."""
        result = list(existing or [])
        known = {one.get(kind.key, ""): one for one in result}
        for default in self._defaults:
            for value in default["spec"].get(field) or []:
                key = value.get(kind.key, "")
                found = known.get(key)
                if found is None:
                    known[key] = value
                    result.append(value)
                elif tell and not _same(found, value):
                    self._conflict(kind, default, key, value, found)
        return result

    def _mounts(self, existing: list[Object]) -> list[Object]:
        """The same for mounts, of which each path may be there once, too."""
        result = self._listed(_MOUNT, existing, "volumeMounts")
        paths = {one.get("mountPath", ""): one for one in existing}
        for default in self._defaults:
            for value in default["spec"].get("volumeMounts") or []:
                path = value.get("mountPath", "")
                found = paths.setdefault(path, value)
                if not _same(found, value):
                    self._conflict(_MOUNT, default, f"mount path {path}", value, found)
        return result

    def _conflict(
        self, kind: _Kind, default: Object, key: str, value: Object, found: Object
    ) -> None:
        what = f"merging {kind.word} for {default['metadata']['name']} has a conflict on"
        ours, theirs = go_value(kind.type, value), go_value(kind.type, found)
        self._problems.append(conflict(what, key, ours, theirs, "container"))

    def _mapped(self, existing: dict[str, str] | None, field: str) -> dict[str, str]:
        result = dict(existing or {})
        for default in self._defaults:
            for key, value in (default["spec"].get(field) or {}).items():
                found = result.setdefault(key, value)
                if found != value:
                    ours, theirs = _quoted(value), _quoted(found)
                    what = "merging has conflict on"
                    self._problems.append(conflict(what, key, ours, theirs, "pod"))
        return result


_quoted: Callable[[str], str] = '"{}"'.format


def _same(left: Object, right: Object) -> bool:
    return bool(_filled(left) == _filled(right))


def _filled(value: Any) -> Any:
    """A value without what is as good as absent."""
    if isinstance(value, dict):
        inner = {key: _filled(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one or one == {}}
    return [_filled(one) for one in value] if isinstance(value, list) else value
