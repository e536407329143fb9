"""Pods, and the templates of pods.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    Cause,
    bad,
    below,
    forbidden,
    required,
    unsupported,
)
from pytest_kubeflow.local.apiserver.validation.containers import container
from pytest_kubeflow.local.apiserver.validation.scheduling import placement
from pytest_kubeflow.local.apiserver.validation.volumes import volumes

_POLICIES = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MOST_SECONDS = 2147483647


def pod(obj: Object) -> Iterator[Cause]:
    """A pod."""
    yield from template(obj)


def new_pod(obj: Object) -> Iterator[Cause]:
    """A pod that was not there before."""
    if (obj.get("spec") or {}).get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")


def template(obj: Object) -> Iterator[Cause]:
    """A pod, or a template of pods."""
    spec = obj.get("spec") or {}
    yield from below("spec", volumes(spec.get("volumes") or []))
    if not spec.get("containers"):
        yield required("spec.containers")
    named = {one.get("name") or "" for one in spec.get("volumes") or []}
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for at, one in enumerate(spec.get(group) or []):
            yield from below(f"spec.{group}[{at}]", container(one, seen, named))
    policy = spec.get("restartPolicy", "Always")
    if policy not in _POLICIES:
        yield unsupported("spec.restartPolicy", policy, _POLICIES)
    yield from _names(spec)
    yield from _seconds(spec)
    yield from _dns(spec)
    yield from below("spec", placement(spec))


def _names(spec: Object) -> Iterator[Cause]:
    for field in ("hostname", "subdomain"):
        if (name := spec.get(field)) and len(name) > MOST_LABEL:
            yield bad(f"spec.{field}", name, f"must be no more than {MOST_LABEL} characters")
        if name and not re.fullmatch(LABEL, name):
            yield bad(f"spec.{field}", name, LABEL_MESSAGE)


def _seconds(spec: Object) -> Iterator[Cause]:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MOST_SECONDS:
        why = f"must be between 1 and {_MOST_SECONDS}, inclusive"
        yield bad("spec.activeDeadlineSeconds", deadline, why)


def _dns(spec: Object) -> Iterator[Cause]:
    policy = spec.get("dnsPolicy", "ClusterFirst")
    if policy not in _DNS:
        yield unsupported("spec.dnsPolicy", policy, _DNS)
    config = spec.get("dnsConfig")
    if policy == "None" and config is None:
        yield required("spec.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    elif policy == "None" and config is not None and not config.get("nameservers"):
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield required("spec.dnsConfig.nameservers", why)
