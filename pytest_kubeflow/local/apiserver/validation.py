"""What the API server refuses before it stores anything: names, labels, required fields.

Wording: apimachinery/pkg/util/validation and kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from pytest_kubeflow.local.apiserver import podsecurity
from pytest_kubeflow.local.apiserver.errors import Object, bad_request, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.kube.quantity import parse_quantity

Cause = tuple[str, str, str]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    rf"for validation is '{_SUBDOMAIN}')"
)
_LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED = re.compile(rf"({_SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABELS = {"namespaces", "services"}
_MOST_NAME, _MOST_LABEL = 253, 63


def validate(kind: ResourceType, obj: Object) -> None:
    """Raise StatusError 422 that names everything wrong with a new or changed object."""
    metadata = obj["metadata"]
    causes = [*_name(kind, metadata["name"]), *_labels(metadata)]
    check = _CHECKS.get(kind.type)
    if check is not None:
        causes += check(obj)
    if causes:
        raise invalid(kind.group, kind.kind, metadata["name"], causes)


def _bad(field: str, value: object, message: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else value
    return field, "FieldValueInvalid", f"Invalid value: {shown}: {message}"


def _required(field: str, message: str = "") -> Cause:
    return field, "FieldValueRequired", f"Required value{': ' + message if message else ''}"


def _unsupported(field: str, value: str, supported: Iterable[str]) -> Cause:
    listed = ", ".join(f'"{one}"' for one in supported)
    return (
        field,
        "FieldValueNotSupported",
        f'Unsupported value: "{value}": supported values: {listed}',
    )


def _twice(field: str, value: str) -> Cause:
    return field, "FieldValueDuplicate", f'Duplicate value: "{value}"'


def _quantity(kind: str, amount: object) -> Fraction:
    """A quantity. One that is none is no JSON of this kind for a real server, so: 400, not 422."""
    try:
        return parse_quantity(str(amount))
    except ValueError:
        raise bad_request(
            f'{kind} in version "v1" cannot be handled as a {kind}: quantities must match the '
            "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from None


def _name(kind: ResourceType, name: str) -> Iterator[Cause]:
    if kind.group in {"apiregistration.k8s.io", "rbac.authorization.k8s.io"}:
        if "/" in name or "%" in name or name in {".", ".."}:
            yield _bad("metadata.name", name, "may not contain '/'")
        return
    label = kind.plural in _LABELS and not kind.group
    most = _MOST_LABEL if label else _MOST_NAME
    if len(name) > most:
        yield _bad("metadata.name", name, f"must be no more than {most} characters")
    if not re.fullmatch(_LABEL if label else _SUBDOMAIN, name):
        yield _bad("metadata.name", name, _LABEL_MESSAGE if label else _SUBDOMAIN_MESSAGE)


def _labels(metadata: Object) -> Iterator[Cause]:
    for key, value in (metadata.get("labels") or {}).items():
        if not _QUALIFIED.fullmatch(key):
            yield _bad("metadata.labels", key, "name part must consist of alphanumeric characters")
        if (
            not isinstance(value, str)
            or len(value) > _MOST_LABEL
            or not _LABEL_VALUE.fullmatch(value)
        ):
            yield _bad(
                "metadata.labels",
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, "
                "'-', '_' or '.', and must start and end with an alphanumeric character, and be "
                f"no more than {_MOST_LABEL} characters",
            )


def _pod(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    containers = spec.get("containers") or []
    if not containers:
        yield _required("spec.containers")
    volumes: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or []):
        if (called := volume.get("name") or "") in volumes:
            yield _twice(f"spec.volumes[{index}].name", called)
        volumes.add(called)
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            path = f"spec.{group}[{index}]"
            name = container.get("name") or ""
            if not name:
                yield _required(f"{path}.name")
            elif not re.fullmatch(_LABEL, name) or len(name) > _MOST_LABEL:
                yield _bad(f"{path}.name", name, _LABEL_MESSAGE)
            elif name in seen:
                yield _twice(f"{path}.name", name)
            seen.add(name)
            if not container.get("image"):
                yield _required(f"{path}.image")
            for at, mount in enumerate(container.get("volumeMounts") or []):
                if mount.get("name") not in volumes:
                    missing = mount.get("name")
                    field = f"{path}.volumeMounts[{at}].name"
                    yield (field, "FieldValueNotFound", f'Not found: "{missing}"')
            yield from _container_resources(path, container.get("resources") or {})
    policy = spec.get("restartPolicy", "Always")
    if policy not in {"Always", "OnFailure", "Never"}:
        yield _unsupported("spec.restartPolicy", policy, ("Always", "OnFailure", "Never"))


# What a container can have besides extended resources such as example.com/gpu.
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage", "hugepages-")


def _container_resources(path: str, resources: Object) -> Iterator[Cause]:
    parsed: dict[str, dict[str, Fraction]] = {}
    for section in ("limits", "requests"):
        for name, amount in (resources.get(section) or {}).items():
            field = f"{path}.resources.{section}[{name}]"
            if "/" not in name and not name.startswith(_STANDARD_RESOURCES):
                yield _bad(field, name, "must be a standard resource type or fully qualified")
            value = _quantity("Pod", amount)
            if value < 0:
                yield _bad(field, str(amount), "must be greater than or equal to 0")
            if "/" in name and value.denominator != 1:
                yield _bad(field, str(amount), "must be an integer")
            parsed.setdefault(section, {})[name] = value
    limits = parsed.get("limits", {})
    for name, value in parsed.get("requests", {}).items():
        if name in limits and value > limits[name]:
            shown = resources["requests"][name]
            yield _bad(
                f"{path}.resources.requests",
                str(shown),
                f"must be less than or equal to {name} limit of {resources['limits'][name]}",
            )
        elif "/" in name and name not in limits:
            why = "Limit must be set for non overcommitable resources"
            yield _required(f"{path}.resources.limits", why)
        elif "/" in name and limits[name] != value:
            yield _bad(
                f"{path}.resources.requests",
                str(resources["requests"][name]),
                f"must be equal to {name} limit of {resources['limits'][name]}",
            )


def _claim(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if not spec.get("accessModes"):
        yield _required("spec.accessModes", "at least 1 access mode is required")
    supported = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
    for mode in spec.get("accessModes") or []:
        if mode not in supported:
            yield _unsupported("spec.accessModes", mode, supported)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    field = "spec.resources[storage]"
    if storage is None:
        yield _required(field)
        return
    if _quantity("PersistentVolumeClaim", storage) <= 0:
        yield _bad(field, str(storage), "must be greater than zero")


def _service(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if (
        not spec.get("ports")
        and spec.get("clusterIP") != "None"
        and spec.get("type") != "ExternalName"
    ):
        yield _required("spec.ports")
    for index, port in enumerate(spec.get("ports") or []):
        number = port.get("port")
        if not isinstance(number, int) or not 0 < number < 65536:
            yield _bad(
                f"spec.ports[{index}].port", number, "must be between 1 and 65535, inclusive"
            )


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
        yield _bad(f"metadata.labels[{label}]", obj["metadata"]["labels"][label], message)


def _replicated(obj: Object) -> Iterator[Cause]:
    """A Deployment or a ReplicaSet."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    if spec.get("selector") is None:
        yield _required("spec.selector")
    wanted = ((spec.get("selector") or {}).get("matchLabels") or {}).items()
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not wanted <= labels.items():
        shown = json.dumps(labels, separators=(",", ":"))
        why = "`selector` does not match template `labels`"
        field = "spec.template.metadata.labels"
        yield field, "FieldValueInvalid", f"Invalid value: {shown}: {why}"
    for field, reason, message in _pod(template):
        yield f"spec.template.{field}", reason, message


_CONCURRENCY = ("Allow", "Forbid", "Replace")
_CRON_FIELDS = 5


def _job(obj: Object) -> Iterator[Cause]:
    template = (obj.get("spec") or {}).get("template") or {}
    for field, reason, message in _pod(template):
        if field != "spec.restartPolicy":
            yield f"spec.template.{field}", reason, message
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    field = "spec.template.spec.restartPolicy"
    if policy == "Always":  # also the default, which no Job can have
        yield _required(field, 'valid values: "OnFailure", "Never"')
    elif policy not in {"OnFailure", "Never"}:
        yield _unsupported(field, policy, ("OnFailure", "Never"))


def _cron_job(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    schedule = spec.get("schedule") or ""
    fields = schedule.split()
    if not schedule:
        yield _required("spec.schedule")
    elif not schedule.startswith(("@", "TZ=", "CRON_TZ=")) and len(fields) != _CRON_FIELDS:
        found = f"expected exactly {_CRON_FIELDS} fields, found {len(fields)}: [{' '.join(fields)}]"
        yield _bad("spec.schedule", schedule, found)
    if (policy := spec.get("concurrencyPolicy") or _CONCURRENCY[0]) not in _CONCURRENCY:
        yield _unsupported("spec.concurrencyPolicy", policy, _CONCURRENCY)
    for field, reason, message in _job(spec.get("jobTemplate") or {}):
        yield f"spec.jobTemplate.{field}", reason, message


_CHECKS: dict[tuple[str, str], Callable[[Object], Iterator[Cause]]] = {
    ("", "namespaces"): _namespace,
    ("", "pods"): _pod,
    ("", "persistentvolumeclaims"): _claim,
    ("", "services"): _service,
    ("", "configmaps"): _size,
    ("", "secrets"): _size,
    ("apps", "deployments"): _replicated,
    ("apps", "replicasets"): _replicated,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
}
