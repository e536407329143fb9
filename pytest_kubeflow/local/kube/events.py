"""Recorder: what a component has to say about an object, as Kubernetes events.

Equal events are counted on one object, as client-go's recorder does.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime

from pytest_kubeflow.local.kube.client import ApiError, KubeClient, Object
from pytest_kubeflow.local.kube.resources import EVENTS
from pytest_kubeflow.local.kube.times import now

_SERIES = 2


class EventRecorder:
    """Writes events of one component (`source.component`).

    With an `action` it writes them as components do that use events.k8s.io: the second of equal
    ones begins a series, and those after it are not written for minutes.
    """

    def __init__(
        self, client: KubeClient, component: str, *, host: str | None = None, action: str = ""
    ) -> None:
        self._client = client
        self._action = action
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
        if self._action and count > _SERIES:
            return
        try:
            if count > 1:
                change = self._repeated(count)
                await self._client.patch(EVENTS, name, change, namespace=namespace)
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
                    "reportingComponent": self._source["component"],
                    **self._first(),
                },
            )
        except ApiError as error:
            # Events are best effort: the namespace may be on its way out, or the event expired.
            if error.code not in {403, 404, 409}:
                raise

    def _first(self) -> Object:
        """What only the first of equal events says."""
        if self._action:
            instance = f"{self._source['component']}-{os.uname().nodename}"
            return {
                "action": self._action,
                "eventTime": _microtime(),
                "reportingInstance": instance,
                "source": {},
            }
        time = now()
        return {"source": self._source, "firstTimestamp": time, "lastTimestamp": time, "count": 1}

    def _repeated(self, count: int) -> Object:
        if self._action:
            return {"series": {"count": count, "lastObservedTime": _microtime()}}
        return {"count": count, "lastTimestamp": now()}


def _microtime() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
