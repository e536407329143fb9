"""Edits: changes of a cluster's objects that can be taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS, PODS, REPLICA_SETS

_FROM_SERVER = (
    *("uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp"),
    *("deletionGracePeriodSeconds", "managedFields"),
)
_WAIT_SECONDS = 20.0

Undo = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class EditTarget:
    """What edits work on: the API, and `rewrite`, which stores an object past all its rules."""

    client: KubeClient
    rewrite: Callable[[Object], None]


class Edit(Protocol):
    """One change."""

    async def apply(self, place: EditTarget) -> Undo:
        """Make it; what is returned takes it back. Raises ApiError."""


@dataclass(frozen=True)
class Make:
    """An object that was not there. Its undoing lets nothing keep it."""

    resource: Resource
    obj: Object

    async def apply(self, place: EditTarget) -> Undo:
        await _create(place.client, self.resource, self.obj)
        if self.obj.get("status"):
            await _status(place.client, self.resource, self.obj)
        metadata = self.obj["metadata"]

        async def undo() -> None:
            await _delete(place.client, self.resource, metadata["name"], metadata.get("namespace"))

        return undo


@dataclass(frozen=True)
class Change:
    """A merge patch, or what makes one of the object as it is. It is undone field by field."""

    resource: Resource
    name: str
    patch: Object | Callable[[Object], Object]
    namespace: str | None = None
    subresource: str | None = None

    async def apply(self, place: EditTarget) -> Undo:
        before = await place.client.get(self.resource, self.name, self.namespace)
        patch = self.patch(before) if callable(self.patch) else self.patch
        await self._patch(place.client, patch)

        async def undo() -> None:
            await self._patch(place.client, inverse(patch, before))

        return undo

    async def _patch(self, client: KubeClient, patch: Object) -> None:
        await client.patch(
            self.resource,
            self.name,
            patch,
            namespace=self.namespace,
            subresource=self.subresource,
        )


@dataclass(frozen=True)
class Remove:
    """An object is gone."""

    resource: Resource
    name: str
    namespace: str | None = None

    async def apply(self, place: EditTarget) -> Undo:
        before = await place.client.get(self.resource, self.name, self.namespace)
        await _delete(place.client, self.resource, self.name, self.namespace)
        metadata = {
            key: value for key, value in before["metadata"].items() if key not in _FROM_SERVER
        }

        async def undo() -> None:
            await _create(place.client, self.resource, {**before, "metadata": metadata})

        return undo


@dataclass(frozen=True)
class Scale:
    """A Deployment without pods; made once the last one has ended."""

    name: str
    namespace: str
    replicas: int = 0

    async def apply(self, place: EditTarget) -> Undo:
        client = place.client
        before = await client.get(DEPLOYMENTS, self.name, self.namespace)
        await self._scale(client, self.replicas)
        wanted = before["spec"]["selector"]["matchLabels"]
        labels = ",".join(f"{key}={value}" for key, value in wanted.items())

        async def gone() -> bool:
            # One that was scaled up just now may make a pod yet.
            for resource in (REPLICA_SETS, PODS):
                found = await client.list(resource, self.namespace, label_selector=labels)
                if not all(_is_scaled_down(one) for one in found["items"]):
                    return False
            return _is_scaled_down(await client.get(DEPLOYMENTS, self.name, self.namespace))

        if self.replicas == 0:
            await until(gone)

        async def undo() -> None:
            await self._scale(client, before["spec"].get("replicas", 1))

        return undo

    async def _scale(self, client: KubeClient, replicas: int) -> None:
        patch = {"spec": {"replicas": replicas}}
        await client.patch(DEPLOYMENTS, self.name, patch, namespace=self.namespace)


def _is_scaled_down(obj: Object) -> bool:
    """Whether a Deployment or a ReplicaSet has no pods and makes none; never so of a pod."""
    status = obj.get("status") or {}
    seen = status.get("observedGeneration", 0) >= obj["metadata"].get("generation", 1)
    return seen and obj["spec"].get("replicas") == 0 and not status.get("replicas")


@dataclass(frozen=True)
class Backdate:
    """Objects that have been as they are for longer than they have.

    Those that `labels` select; what takes minutes to be noticed on a cluster is so at once.
    """

    resource: Resource
    namespace: str | None
    labels: str | None
    seconds: int
    name: str | None = None

    async def apply(self, place: EditTarget) -> Undo:
        async def found() -> bool:
            selected = await place.client.list(
                self.resource,
                self.namespace,
                label_selector=self.labels,
                field_selector=f"metadata.name={self.name}" if self.name else None,
            )
            for obj in selected["items"]:
                typed = {
                    "apiVersion": self.resource.api_version,
                    "kind": self.resource.kind,
                    **obj,
                }
                place.rewrite(_older(typed, timedelta(seconds=self.seconds)))
            return bool(selected["items"])

        await until(found)
        return _nothing


async def _nothing() -> None:
    """What is to be done for an edit that goes with its object."""


def inverse(patch: Object, before: Any) -> Object:
    """The merge patch that brings back what `before` had where `patch` has something."""
    known = before if isinstance(before, dict) else {}
    return {
        key: inverse(value, known[key])
        if isinstance(value, dict) and isinstance(known.get(key), dict)
        else known.get(key)
        for key, value in patch.items()
    }


def _older(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _older(one, by) for key, one in value.items()}
    if isinstance(value, list):
        return [_older(one, by) for one in value]
    if isinstance(value, str) and len(value) == len("2026-01-01T00:00:00Z") and value[-1] == "Z":
        try:
            return f"{datetime.fromisoformat(value) - by:%Y-%m-%dT%H:%M:%SZ}"
        except ValueError:
            return value
    return value


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it; after a while what follows is done all the same."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not await question() and time.monotonic() < deadline:  # noqa: ASYNC110 no event tells
        await asyncio.sleep(0.1)


async def _create(client: KubeClient, resource: Resource, obj: Object) -> None:
    try:
        await client.create(resource, obj)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise


async def _status(client: KubeClient, resource: Resource, obj: Object) -> None:
    metadata = obj["metadata"]
    await client.patch(
        resource,
        metadata["name"],
        {"status": obj["status"]},
        namespace=metadata.get("namespace"),
        subresource="status",
    )


async def _delete(client: KubeClient, resource: Resource, name: str, namespace: str | None) -> None:
    """Delete it, whatever holds it."""
    try:
        found = await client.get(resource, name, namespace)
        if found["metadata"].get("finalizers"):
            await client.patch(
                resource, name, {"metadata": {"finalizers": None}}, namespace=namespace
            )
        grace = 0 if resource == PODS else None
        await client.delete(
            resource, name, namespace, grace_seconds=grace, propagation="Background"
        )
    except ApiError as error:
        if not error.not_found:
            raise
