"""Every namespace has a `default` service account and the cluster's CA."""

from __future__ import annotations

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS

ROOT_CA = "kube-root-ca.crt"


class ServiceAccountController(Controller):
    """Makes what pods of a new namespace cannot start without."""

    name = "serviceaccount"

    def __init__(self, client: KubeClient, informers: Informers, *, ca: str) -> None:
        self._ca = ca
        super().__init__(client, informers)

    def watch(self) -> None:
        self.namespaces = self.enqueue_from(NAMESPACES)

    async def reconcile(self, key: Key) -> None:
        name = key[1]
        namespace = self.namespaces.get(name)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        await self._ensure(SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": name}})
        await self._ensure(
            CONFIG_MAPS,
            {"metadata": {"name": ROOT_CA, "namespace": name}, "data": {"ca.crt": self._ca}},
        )

    async def _ensure(self, resource: Resource, obj: Object) -> None:
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
