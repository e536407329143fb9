"""Recorder: what a component has to say about an object, as Kubernetes events.

Equal events are counted on one object, as client-go's recorder does.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from pytest_kubeflow.local.kube.client import ApiError, KubeClient, Object
from pytest_kubeflow.local.kube.resources import EVENTS


class Recorder:
    """Writes events of one component (`source.component`)."""

    def __init__(self, client: KubeClient, component: str, *, host: str | None = None) -> None:
        self._client = client
        self._source = {"component": component, **({"host": host} if host else {})}
        self._counts: dict[tuple[str, str], int] = {}

    async def event(self, obj: Object, kind: str, reason: str, message: str) -> None:
        """Record an event of `kind` Normal or Warning about `obj`; a vanished namespace is fine."""
        metadata = obj["metadata"]
        digest = hashlib.sha256(f"{metadata['uid']}{reason}{message}".encode()).hexdigest()[:16]
        name = f"{metadata['name']}.{digest}"
        namespace = metadata.get("namespace", "default")
        count = self._counts.get((namespace, name), 0) + 1
        self._counts[namespace, name] = count
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            if count > 1:
                await self._client.patch(
                    EVENTS, name, {"count": count, "lastTimestamp": now}, namespace=namespace
                )
                return
            await self._client.create(
                EVENTS,
                {
                    "metadata": {"name": name, "namespace": namespace},
                    "involvedObject": {
                        "apiVersion": obj.get("apiVersion", "v1"),
                        "kind": obj["kind"],
                        "name": metadata["name"],
                        "namespace": metadata.get("namespace", ""),
                        "uid": metadata["uid"],
                        "resourceVersion": metadata.get("resourceVersion", ""),
                    },
                    "type": kind,
                    "reason": reason,
                    "message": message,
                    "source": self._source,
                    "reportingComponent": self._source["component"],
                    "firstTimestamp": now,
                    "lastTimestamp": now,
                    "count": 1,
                },
            )
        except ApiError as error:
            # Events are best effort: the namespace may be on its way out, or the event expired.
            if error.code not in {403, 404, 409}:
                raise
