"""The levels that a namespace's labels name, and what they make of a pod or of a pod template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_kubeflow.local.apiserver.errors import Object, forbidden
from pytest_kubeflow.local.apiserver.podsecurity.baseline import BASELINE
from pytest_kubeflow.local.apiserver.podsecurity.restricted import RESTRICTED
from pytest_kubeflow.local.apiserver.resources import ResourceType

_PREFIX = "pod-security.kubernetes.io/"
_ENFORCE, _WARN = f"{_PREFIX}enforce", f"{_PREFIX}warn"
_PRIVILEGED = "privileged"
_CHECKS = {_PRIVILEGED: (), "baseline": BASELINE, "restricted": RESTRICTED}
_VERSION = re.compile(r"latest|v1\.(0|[1-9][0-9]*)")
_TEMPLATES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "daemonsets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
    ("", "replicationcontrollers"): ("spec", "template"),
    ("", "podtemplates"): ("template",),
}


def check_pod(pod: Object, namespace: Object) -> None:
    """Raises StatusError for a pod that the enforced level of its namespace does not allow."""
    level, version = _level(namespace, _ENFORCE)
    if found := _violations(level, pod["spec"]):
        why = f'violates PodSecurity "{level}:{version}": {found}'
        raise forbidden("", "pods", pod["metadata"]["name"], why)


def warnings(kind: ResourceType, obj: Object, namespace: Object) -> tuple[str, ...]:
    """What its author is told of an object whose pods would not be allowed."""
    if kind.type == ("", "pods"):
        spec = obj["spec"]
    else:
        for key in _TEMPLATES.get(kind.type, ("",)):
            obj = _member(obj, key)
        spec = _member(obj, "spec")
    level, version = _level(namespace, _WARN)
    found = _violations(level, spec)
    return (f'would violate PodSecurity "{level}:{version}": {found}',) if found else ()


def _member(obj: Object, key: str) -> Object:
    """The object below `key`; an empty one in its place, or in that of something else."""
    found = obj.get(key)
    return found if isinstance(found, dict) else {}


def check_labels(namespace: Object) -> Iterator[tuple[str, str]]:
    """The labels of a namespace whose value is none, each with what it has to be."""
    labels = namespace["metadata"].get("labels") or {}
    for mode in ("enforce", "audit", "warn"):
        if (key := _PREFIX + mode) in labels and labels[key] not in _CHECKS:
            yield key, f"must be one of {', '.join(_CHECKS)}"
        version = f"{key}-version"
        if version in labels and not _VERSION.fullmatch(str(labels[version])):
            yield version, 'must be "latest" or "v1.x"'


def _level(namespace: Object, label: str) -> tuple[str, str]:
    """A level and its version. What is enforced is warned of, unless another level is."""
    labels = namespace["metadata"].get("labels") or {}
    if label not in labels and label == _WARN:
        label = _ENFORCE
    return labels.get(label, _PRIVILEGED), labels.get(f"{label}-version", "latest")


def _violations(level: str, spec: Object) -> str:
    return ", ".join(found for check in _CHECKS[level] if (found := check(spec)))
