"""Autoscaler: revisions go to zero when nobody asks, and come back when somebody does.

Knative's autoscaler in its simplest form: between zero and `minReplicas` (at least one). It does
not follow the number of requests beyond that.
"""

from __future__ import annotations

import asyncio
import re

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.gateway.activity import Activity, Revision
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS
from pytest_kubeflow.local.serving.knative import MIN_SCALE
from pytest_kubeflow.local.serving.names import REVISION_LABEL

_WINDOW = "autoscaling.knative.dev/window"
_DEFAULT_WINDOW = 60.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Autoscaler(Controller):
    """Scales the Deployments of revisions by what `activity` tells of them."""

    name = "autoscaler"

    def __init__(self, client: KubeClient, informers: Informers, *, activity: Activity) -> None:
        self._activity = activity
        self._since: dict[Revision, float] = {}
        self._demanded: set[Revision] = set()
        super().__init__(client, informers)
        activity.on_demand(self._demand)

    def watch(self) -> None:
        self.deployments = self.enqueue_from(DEPLOYMENTS, _revision_key)

    def _demand(self, revision: Revision) -> None:
        self._demanded.add(revision)
        self.queue.add(revision)

    async def reconcile(self, key: Key) -> None:
        namespace, name = key
        deployment = self.deployments.get(f"{name}-deployment", namespace)
        if deployment is None:
            self._since.pop(key, None)
            return
        wanted, replicas = key in self._demanded, int(deployment["spec"].get("replicas", 1))
        self._demanded.discard(key)
        if not replicas:
            self._since.pop(key, None)
            if wanted or self._activity.busy(key):
                try:
                    await self._scale(deployment, max(1, _least(deployment)))
                except (ApiError, ApiUnreachableError):
                    self._demanded.add(key)
                    raise
            return
        if _least(deployment) or not (deployment.get("status") or {}).get("availableReplicas"):
            return
        now = asyncio.get_running_loop().time()
        # Idle from the first time that it was seen to serve, if it was never asked.
        idle = max(self._since.setdefault(key, now), self._activity.idle_since(key) or 0.0)
        left = idle + _window(deployment) - now
        if self._activity.busy(key) or left > 0:
            self.queue.add_after(key, max(left, 1.0))
            return
        await self._scale(deployment, 0)

    async def _scale(self, deployment: Object, replicas: int) -> None:
        metadata = deployment["metadata"]
        try:
            await self.client.patch(
                DEPLOYMENTS,
                metadata["name"],
                {"spec": {"replicas": replicas}},
                namespace=metadata["namespace"],
            )
        except ApiError as error:
            if not error.not_found:
                raise


def _revision_key(deployment: Object) -> Key | None:
    name = (deployment["metadata"].get("labels") or {}).get(REVISION_LABEL)
    return (deployment["metadata"]["namespace"], name) if name else None


def _annotation(deployment: Object, name: str, default: str) -> str:
    return str((deployment["metadata"].get("annotations") or {}).get(name, default))


def _least(deployment: Object) -> int:
    return int(_annotation(deployment, MIN_SCALE, "0"))


def _window(deployment: Object) -> float:
    """Seconds without requests after which a revision goes to zero."""
    parts = _DURATION.findall(_annotation(deployment, _WINDOW, ""))
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or _DEFAULT_WINDOW
