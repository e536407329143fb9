"""What the API server refuses before it stores anything: names, labels, required fields.

Wording: apimachinery/pkg/util/validation and kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pytest_kubeflow.local.apiserver import podsecurity
from pytest_kubeflow.local.apiserver.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    SUBDOMAIN,
    SUBDOMAIN_MESSAGE,
    Cause,
    bad,
    required,
)
from pytest_kubeflow.local.apiserver.claimvalidation import claim
from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.jobvalidation import cron_job, job
from pytest_kubeflow.local.apiserver.podvalidation import pod
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.workloadvalidation import replicated, stateful_set

_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED = re.compile(rf"({SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
# Kinds whose names are DNS labels: names of pods and hosts are made of them.
_LABELS = {("", "namespaces"), ("", "services"), ("apps", "statefulsets")}
_MOST_NAME = 253


def validate(kind: ResourceType, obj: Object) -> None:
    """Raise StatusError 422 that names everything wrong with a new or changed object."""
    metadata = obj["metadata"]
    causes = [*_name(kind, metadata["name"]), *_labels(metadata)]
    check = _CHECKS.get(kind.type)
    if check is not None:
        causes += check(obj)
    if causes:
        raise invalid(kind.group, kind.kind, metadata["name"], causes)


def _name(kind: ResourceType, name: str) -> Iterator[Cause]:
    if kind.group in {"apiregistration.k8s.io", "rbac.authorization.k8s.io"}:
        if "/" in name or "%" in name or name in {".", ".."}:
            yield bad("metadata.name", name, "may not contain '/'")
        return
    label = kind.type in _LABELS
    most = MOST_LABEL if label else _MOST_NAME
    if len(name) > most:
        yield bad("metadata.name", name, f"must be no more than {most} characters")
    if not re.fullmatch(LABEL if label else SUBDOMAIN, name):
        yield bad("metadata.name", name, LABEL_MESSAGE if label else SUBDOMAIN_MESSAGE)


def _labels(metadata: Object) -> Iterator[Cause]:
    for key, value in (metadata.get("labels") or {}).items():
        if not _QUALIFIED.fullmatch(key):
            yield bad("metadata.labels", key, "name part must consist of alphanumeric characters")
        if not isinstance(value, str):
            yield bad("metadata.labels", value, "must be a string")
            continue
        if len(value) > MOST_LABEL:
            yield bad("metadata.labels", value, f"must be no more than {MOST_LABEL} characters")
        if not _LABEL_VALUE.fullmatch(value):
            yield bad(
                "metadata.labels",
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, "
                "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
                "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            )


def _service(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if (
        not spec.get("ports")
        and spec.get("clusterIP") != "None"
        and spec.get("type") != "ExternalName"
    ):
        yield required("spec.ports")
    for index, port in enumerate(spec.get("ports") or []):
        number = port.get("port")
        if not isinstance(number, int) or not 0 < number < 65536:
            yield bad(f"spec.ports[{index}].port", number, "must be between 1 and 65535, inclusive")
        if len(name := str(port.get("name") or "")) > MOST_LABEL:
            told = f"must be no more than {MOST_LABEL} characters"
            yield bad(f"spec.ports[{index}].name", name, told)


def _size(obj: Object) -> Iterator[Cause]:
    data = {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}
    total = sum(len(value) if isinstance(value, str) else 0 for value in data.values())
    most = 1048576
    # base64 takes four characters for three bytes; plain text one for one.
    encoded = obj.get("kind") == "Secret" or bool(obj.get("binaryData"))
    if (total * 3 // 4 if encoded else total) > most:
        yield ("", "FieldValueTooLong", f"Too long: may not be more than {most} bytes")


def _namespace(obj: Object) -> Iterator[Cause]:
    for label, message in podsecurity.check_labels(obj):
        yield bad(f"metadata.labels[{label}]", obj["metadata"]["labels"][label], message)


_CHECKS: dict[tuple[str, str], Callable[[Object], Iterator[Cause]]] = {
    ("", "namespaces"): _namespace,
    ("", "pods"): pod,
    ("", "persistentvolumeclaims"): claim,
    ("", "services"): _service,
    ("", "configmaps"): _size,
    ("", "secrets"): _size,
    ("apps", "deployments"): replicated,
    ("apps", "replicasets"): replicated,
    ("apps", "statefulsets"): stateful_set,
    ("batch", "jobs"): job,
    ("batch", "cronjobs"): cron_job,
}
