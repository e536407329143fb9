"""Profiles: a namespace for each user, with what Kubeflow and its pipelines put there.

Two controllers of a real installation in one place: profile-controller (namespace, service
accounts, role bindings) and pipelines-profile-controller (object store keys, launcher settings).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.profileobjects import (
    access_objects,
    artifact_secret,
    namespace_of,
    pipeline_objects,
)
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import NAMESPACES, PROFILES, SECRETS

IssueKeys = Callable[[str], Awaitable[tuple[str, str]]]


class ProfileController(Controller):
    """`issue_keys(namespace)` answers the access and secret key of a profile's namespace.

    What pipelines need there is made while `serves_pipelines()`, whose changes are told to those
    who `on_change`.
    """

    name = "profile"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        issue_keys: IssueKeys,
        serves_pipelines: Callable[[], bool] = lambda: True,
        on_change: Callable[[Callable[[], None]], None] = lambda _: None,
    ) -> None:
        self._issue_keys = issue_keys
        self._serves_pipelines = serves_pipelines
        self._missed: set[Key] = set()
        self._given: set[str] = set()
        super().__init__(client, informers)
        on_change(self._make_up)

    def _make_up(self) -> None:
        """Make what was not made while nobody was there to do it."""
        if self._missed and self._serves_pipelines():
            for key in self._missed:
                self.queue.add(key)
            self._missed.clear()

    def watch(self) -> None:
        self.profiles = self.enqueue_from(PROFILES)
        self.namespaces = self.enqueue_from(NAMESPACES)

    async def reconcile(self, key: Key) -> None:
        name = key[1]
        profile = self.profiles.get(name)
        if profile is None or profile["metadata"].get("deletionTimestamp"):
            return
        namespace = self.namespaces.get(name)
        if namespace is None:
            await self._ensure(NAMESPACES, namespace_of(profile))
            return  # its own ADDED event brings us back
        owner = profile["spec"]["owner"]
        holder = (namespace["metadata"].get("annotations") or {}).get("owner")
        if holder != owner["name"]:
            await self._condition(
                profile, "Failed", f"namespace already exist, but not owned by {owner['name']}"
            )
            return
        if namespace["metadata"].get("deletionTimestamp"):
            return
        for resource, obj in access_objects(name, owner):
            await self._ensure(resource, obj)
        if self._serves_pipelines():
            await self._pipelines(name)
        else:
            self._missed.add(key)
        await self._condition(profile, "Successful", "")

    async def _pipelines(self, namespace: str) -> None:
        for resource, obj in pipeline_objects(namespace):
            await self._ensure(resource, obj)
        _, keys = artifact_secret(namespace, *await self._issue_keys(namespace))
        if not await self._ensure(SECRETS, keys) and namespace not in self._given:
            # Keys of an earlier object store, where the API server is older than this one.
            patch = {"data": keys["data"]}
            await self.client.patch(SECRETS, keys["metadata"]["name"], patch, namespace=namespace)
        self._given.add(namespace)

    async def _condition(self, profile: Object, kind: str, message: str) -> None:
        conditions = [{"type": kind, **({"message": message} if message else {})}]
        if (profile.get("status") or {}).get("conditions") != conditions:
            await self.client.patch(
                PROFILES,
                profile["metadata"]["name"],
                {"status": {"conditions": conditions}},
                subresource="status",
            )

    async def _ensure(self, resource: Resource, obj: Object) -> bool:
        """Make it unless it is there; whether it was made."""
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return False
        return True
