"""Every namespace has a `default` service account and the cluster's CA."""

from __future__ import annotations

from functools import partial

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS

ACCOUNT = "default"
ROOT_CA = "kube-root-ca.crt"


class ServiceAccountController(Controller):
    """Makes what pods of a namespace cannot start without, again where it was deleted."""

    name = "serviceaccount"

    def __init__(self, client: KubeClient, informers: Informers, *, ca: str) -> None:
        self._ca = ca
        super().__init__(client, informers)

    def watch(self) -> None:
        self.namespaces = self.enqueue_from(NAMESPACES)
        self.enqueue_from(SERVICE_ACCOUNTS, partial(_namespace_of, name=ACCOUNT))
        self.enqueue_from(CONFIG_MAPS, partial(_namespace_of, name=ROOT_CA))

    async def reconcile(self, key: Key) -> None:
        name = key[1]
        namespace = self.namespaces.get(name)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        await self._ensure(SERVICE_ACCOUNTS, {"metadata": {"name": ACCOUNT, "namespace": name}})
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


def _namespace_of(obj: Object, *, name: str) -> Key | None:
    """The key of the namespace of an object of that name."""
    namespace, found = key_of(obj)
    return ("", namespace) if found == name else None
