"""ResourceQuotas tell in their status how much of them is used.

Rules: kubernetes/kubernetes pkg/controller/resourcequota. The API server counts by itself what it
lets in; this is what people and programs read.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.quota import concerns, usage_of, written
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JOBS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
)

_COUNTED = (
    *(PODS, PERSISTENT_VOLUME_CLAIMS, SERVICES, CONFIG_MAPS, SECRETS, RESOURCE_QUOTAS),
    *(DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, JOBS),
)


class ResourceQuotaController(Controller):
    """Counts pods, claims, Services and some more kinds."""

    name = "resourcequota"
    workers = 1

    def watch(self) -> None:
        self.quotas = self.enqueue_from(RESOURCE_QUOTAS)
        self.counted = {one: self.informers[one] for one in _COUNTED}
        for informer in self.counted.values():
            informer.on_change(self._changed)

    def _changed(self, _kind: str, obj: Object) -> None:
        namespace = obj["metadata"]["namespace"]
        for key in self.quotas.objects:
            if key[0] == namespace:
                self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        quota = self.quotas.get(key[1], key[0])
        if quota is None:
            return
        given = (quota.get("spec") or {}).get("hard") or {}
        hard = {name: str(value) for name, value in given.items()}
        total = self._total(key[0], quota)
        status = {"hard": hard, "used": written({name: total[name] for name in hard}, hard)}
        if status == quota.get("status"):
            return
        try:
            change = {"metadata": {"uid": quota["metadata"]["uid"]}, "status": status}
            await self.client.patch(
                RESOURCE_QUOTAS, key[1], change, namespace=key[0], subresource="status"
            )
        except ApiError as error:
            if not error.not_found:
                raise

    def _total(self, namespace: str, quota: Object) -> dict[str, Fraction]:
        total: dict[str, Fraction] = defaultdict(Fraction)
        for resource, informer in self.counted.items():
            group = resource.api_version.rpartition("/")[0]
            for (own, _), obj in informer.objects.items():
                if own == namespace and concerns(quota, resource.plural, obj):
                    for name, amount in usage_of(group, resource.plural, obj).items():
                        total[name] += amount
        return total
