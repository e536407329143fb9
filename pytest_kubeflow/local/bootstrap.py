"""Bootstrap: what a fresh embedded cluster holds before anybody uses it.

All of it may be there already, from an earlier start on the same API server.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pytest_kubeflow.local.controllers.profileobjects import ARTIFACT_SECRET
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    AUTHORIZATION_POLICIES,
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CLUSTER_SERVING_RUNTIMES,
    CLUSTER_TRAINING_RUNTIMES,
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    ENDPOINTS,
    NAMESPACES,
    PROFILES,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STORAGE_CLASSES,
)

_DIRECTORY = Path(__file__).parent / "manifests"
# The C loader reads these files ten times faster; not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOURCES = {
    resource.kind: resource
    for resource in (
        AUTHORIZATION_POLICIES,
        CLUSTER_ROLE_BINDINGS,
        CLUSTER_ROLES,
        CLUSTER_SERVING_RUNTIMES,
        CLUSTER_TRAINING_RUNTIMES,
        CONFIG_MAPS,
        CUSTOM_RESOURCE_DEFINITIONS,
        NAMESPACES,
        PROFILES,
        ROLE_BINDINGS,
        SERVICE_ACCOUNTS,
        STORAGE_CLASSES,
    )
}
_CUSTOM = (
    AUTHORIZATION_POLICIES,
    CLUSTER_SERVING_RUNTIMES,
    CLUSTER_TRAINING_RUNTIMES,
    PROFILES,
)
_SERVED_SECONDS = 60.0


def manifests(*names: str) -> list[Object]:
    """The objects of the named files under `manifests/`, in order."""
    objects: list[Object] = []
    for name in names:
        text = (_DIRECTORY / f"{name}.yaml").read_text()
        objects += yaml.load_all(text, Loader=_Loader)
    return objects


async def apply(client: KubeClient, objects: list[Object]) -> None:
    """Create each object that is not there yet."""
    for obj in objects:
        await _create(client, _RESOURCES[obj["kind"]], obj)


async def publish(
    client: KubeClient, name: str, namespace: str, ports: Mapping[int, tuple[str, int]]
) -> None:
    """Make a Service whose ports lead to addresses of this machine: `{port: (host, port)}`."""
    metadata = {"name": name, "namespace": namespace}
    listed = [
        {"name": f"p{port}", "port": port, "protocol": "TCP", "targetPort": target[1]}
        for port, target in ports.items()
    ]
    await _put(client, SERVICES, {"metadata": metadata, "spec": {"ports": listed}})
    subsets: list[dict[str, Any]] = [
        {
            "addresses": [{"ip": host}],
            "ports": [{"name": f"p{port}", "port": target, "protocol": "TCP"}],
        }
        for port, (host, target) in ports.items()
    ]
    await _put(client, ENDPOINTS, {"metadata": metadata, "subsets": subsets})


async def serve(
    client: KubeClient, name: str, namespace: str, *, app: str, ports: Mapping[int, int]
) -> None:
    """Make a Service that leads to the pods labelled `app`: `{port: port of the pod}`."""
    listed = [
        {"name": f"p{port}", "port": port, "protocol": "TCP", "targetPort": target}
        for port, target in ports.items()
    ]
    metadata = {"name": name, "namespace": namespace}
    spec = {"selector": {"app": app}, "ports": listed}
    await _put(client, SERVICES, {"metadata": metadata, "spec": spec})


async def store_keys(client: KubeClient, namespace: str, access: str, secret: str) -> None:
    """The object store's keys, where Kubeflow's own components look for them."""
    data = {"accesskey": access, "secretkey": secret}
    await _put(
        client,
        SECRETS,
        {
            "metadata": {"name": ARTIFACT_SECRET, "namespace": namespace},
            "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
    )


async def _create(client: KubeClient, resource: Resource, obj: Object) -> bool:
    """Whether it was made; else it was there."""
    deadline = time.monotonic() + _SERVED_SECONDS
    while True:
        try:
            await client.create(resource, obj)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return False
            # A real server serves a custom resource some time after its definition was made.
            late = resource in _CUSTOM and error.code in {404, 429, 503}
            if not late or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.25)
        else:
            return True


async def _put(client: KubeClient, resource: Resource, obj: Object) -> None:
    """Make it or, where it is there, give it what it should have."""
    if not await _create(client, resource, obj):
        metadata = obj["metadata"]
        await client.patch(resource, metadata["name"], obj, namespace=metadata.get("namespace"))
