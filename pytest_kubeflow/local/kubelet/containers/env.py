"""Environment of a container, as the kubelet makes it from the pod.

Order and rules: kubernetes/kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and
third_party/forked/golang/expansion. Later sources win: services, envFrom, env.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, SECRETS, Resource


class Reader(Protocol):
    """What reads objects from the API: a client, or what it has read a moment ago."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object: ...


_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class ConfigError(Exception):
    """A container cannot be configured (reason CreateContainerConfigError); it is retried."""


async def container_env(
    client: KubeClient,
    pod: Object,
    container: Object,
    *,
    services: Mapping[str, str],
    allocatable: Mapping[str, str],
) -> dict[str, str]:
    """What the pod and the Services of its namespace set for `container`.

    Only these variables can be named by `$(NAME)`: those of the image are none of them.
    Raises ConfigError if a ConfigMap or Secret that is not optional is missing, or its key.
    """
    namespace = pod["metadata"]["namespace"]
    env = {**services}
    for source in container.get("envFrom") or []:
        for resource, field in ((CONFIG_MAPS, "configMapRef"), (SECRETS, "secretRef")):
            if (reference := source.get(field)) is not None:
                data = await fetch_data(client, resource, namespace, reference)
                prefix = source.get("prefix", "")
                env |= {prefix + key: _text(value) for key, value in (data or {}).items()}
    for entry in container.get("env") or []:
        if (source := entry.get("valueFrom")) is None:
            env[entry["name"]] = expand(entry.get("value", ""), env)
        else:
            value = await _value_from(client, pod, container, source, allocatable)
            if value is not None:
                env[entry["name"]] = value
    return env


async def _value_from(
    client: KubeClient,
    pod: Object,
    container: Object,
    source: Object,
    allocatable: Mapping[str, str],
) -> str | None:
    if reference := source.get("fieldRef"):
        return field_value(pod, reference["fieldPath"])
    if reference := source.get("resourceFieldRef"):
        return resource_value(pod, container, reference, allocatable)
    namespace = pod["metadata"]["namespace"]
    for resource, field in ((CONFIG_MAPS, "configMapKeyRef"), (SECRETS, "secretKeyRef")):
        if reference := source.get(field):
            data = await fetch_data(client, resource, namespace, reference)
            if data is not None and reference["key"] in data:
                return _text(data[reference["key"]])
            if reference.get("optional"):
                return None
            raise ConfigError(
                f"couldn't find key {reference['key']} in {resource.kind} "
                f"{namespace}/{reference['name']}"
            )
    raise ConfigError(f"valueFrom with none of the known sources: {', '.join(source)}")


async def fetch_data(
    client: Reader, resource: Resource, namespace: str, reference: Mapping[str, Any]
) -> dict[str, bytes] | None:
    """Data of the ConfigMap or Secret that `reference` names; None if missing but optional."""
    name = reference.get("name") or reference.get("secretName")
    try:
        obj = await client.get(resource, str(name), namespace)
    except ApiError as error:
        if error.not_found and reference.get("optional"):
            return None
        if error.not_found:
            raise ConfigError(f'{resource.kind.lower()} "{name}" not found') from None
        raise
    if resource is SECRETS:
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    data = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    binary = (obj.get("binaryData") or {}).items()
    return data | {key: base64.b64decode(value) for key, value in binary}


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where NAME is known; `$$` is a dollar sign; anything else stays."""
    result = []
    position = 0
    while (dollar := text.find("$", position)) != -1 and dollar + 1 < len(text):
        result.append(text[position:dollar])
        follower = text[dollar + 1]
        if follower == "$":
            result.append("$")
            position = dollar + 2
            continue
        end = text.find(")", dollar + 2) if follower == "(" else -1
        if end == -1:
            result.append("$" + follower)
            position = dollar + 2
            continue
        name = text[dollar + 2 : end]
        result.append(values.get(name, f"$({name})"))
        position = end + 1
    result.append(text[position:])
    return "".join(result)


def field_value(pod: Object, path: str) -> str:
    """What `fieldRef` of the downward API gives. Raises ConfigError for an unknown path."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    if match := _KEYED_FIELD.fullmatch(path):
        return str((metadata.get(match[1]) or {}).get(match[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        entries = (metadata.get(path.removeprefix("metadata.")) or {}).items()
        return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(entries))
    ip = status.get("podIP", "127.0.0.1")
    values = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": status.get("hostIP", "127.0.0.1"),
        "status.hostIPs": status.get("hostIP", "127.0.0.1"),
        "status.podIP": ip,
        "status.podIPs": ip,
    }
    if path not in values:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return str(values[path])


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def resource_value(
    pod: Object, container: Object, reference: Mapping[str, Any], allocatable: Mapping[str, str]
) -> str:
    """What `resourceFieldRef` gives: the amount in units of `divisor`, rounded up.

    A limit that is not set is the node's allocatable amount; a request that is not set is 0.
    """
    name = reference.get("containerName") or container.get("name")
    chosen = next((one for one in pod["spec"]["containers"] if one["name"] == name), container)
    section, _, resource = reference["resource"].partition(".")
    amounts = (chosen.get("resources") or {}).get(section) or {}
    default = allocatable.get(resource, "0") if section == "limits" else "0"
    amount = parse_quantity(amounts.get(resource, default))
    divisor = parse_quantity(reference.get("divisor") or "1") or parse_quantity("1")
    return str(math.ceil(amount / divisor))


def service_env(services: Iterable[Object]) -> dict[str, str]:
    """`NAME_SERVICE_HOST`, `NAME_PORT` and their kin for Services with an address.

    Names: kubernetes/kubernetes pkg/kubelet/envvars.
    """
    env: dict[str, str] = {}
    for service in services:
        spec = service["spec"]
        address, ports = spec.get("clusterIP"), spec.get("ports") or []
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        env[f"{name}_SERVICE_HOST"] = address
        env[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                suffix = port["name"].upper().replace("-", "_")
                env[f"{name}_SERVICE_PORT_{suffix}"] = str(port["port"])
        for index, port in enumerate(ports):
            protocol = port.get("protocol") or "TCP"
            number, prefix = str(port["port"]), f"{name}_PORT_{port['port']}_{protocol}"
            url = f"{protocol.lower()}://{_bracketed(address)}:{number}"
            env |= {f"{name}_PORT": url} if index == 0 else {}
            env |= {
                prefix: url,
                f"{prefix}_PROTO": protocol.lower(),
                f"{prefix}_PORT": number,
                f"{prefix}_ADDR": address,
            }
    return env


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
