"""A control plane of API server and scheduler, and nodes that are only written down."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.controllers.controller import Informers
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import EVENTS, NAMESPACES, NODES, PODS, SERVICE_ACCOUNTS
from pytest_kubeflow.local.scheduler import Scheduler

T = TypeVar("T")
SECONDS = 30


class Plane:
    """What tests do with it; each call runs on the loop of its thread, in a fresh namespace."""

    def __init__(self) -> None:
        self.client: KubeClient
        self.namespace = ""
        self._names = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def start(self, directory: Path) -> None:
        api = ApiServer(pki=Pki(directory / "pki"), service_cidr="127.90.2.0/24")
        await api.start()
        self._stack.push_async_callback(api.stop)
        self.client = await self._stack.enter_async_context(KubeClient(api.admin_credentials()))
        informers = Informers(self.client)
        scheduler = Scheduler(self.client, informers)
        self._stack.push_async_callback(informers.stop)
        self._stack.push_async_callback(_end, asyncio.create_task(scheduler.run()))

    async def clear(self) -> None:
        """Remove the nodes, and begin a new namespace."""
        for node in (await self.client.list(NODES))["items"]:
            await self.client.delete(NODES, node["metadata"]["name"])
        if self.namespace:
            for pod in (await self.client.list(PODS, self.namespace))["items"]:
                await self.client.delete(
                    PODS, pod["metadata"]["name"], self.namespace, grace_seconds=0
                )
        self.namespace = f"tests-{next(self._names)}"
        await self.client.create(NAMESPACES, {"metadata": {"name": self.namespace}})
        account = {"metadata": {"name": "default", "namespace": self.namespace}}
        await self.client.create(SERVICE_ACCOUNTS, account)

    def stop(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add_node(self, node: Object) -> None:
        self.do(self._add_node(node))

    async def _add_node(self, node: Object) -> None:
        name = node["metadata"]["name"]
        await self.client.create(NODES, node)
        await self.client.patch(NODES, name, {"status": node["status"]}, subresource="status")

    def add_pod(self, pod: Object) -> str:
        """Make the pod in the namespace of the test; returns its name."""
        for container in pod["spec"]["containers"]:
            container["image"] = "busybox"
        pod["spec"]["automountServiceAccountToken"] = False
        pod["metadata"] |= {"namespace": self.namespace, "name": f"pod-{next(self._names)}"}
        return str(self.do(self.client.create(PODS, pod))["metadata"]["name"])

    def end_pod(self, name: str) -> None:
        status = {"status": {"phase": "Succeeded"}}
        self.do(
            self.client.patch(PODS, name, status, namespace=self.namespace, subresource="status")
        )

    def until(self, name: str, done: Callable[[Object], Any]) -> Any:
        """Follow a pod until `done` of it is true; returns that."""
        return self.do(self._until(name, done))

    async def _until(self, name: str, done: Callable[[Object], Any]) -> Any:
        only = {"field_selector": f"metadata.name={name}"}
        listed = await self.client.list(PODS, self.namespace, **only)
        if found := done(listed["items"][0]):
            return found
        version = listed["metadata"]["resourceVersion"]
        async for _, pod in self.client.watch(
            PODS, self.namespace, resource_version=version, **only
        ):
            if pod["metadata"].get("name") == name and (found := done(pod)):
                return found
        raise AssertionError(f"the watch of {name} ended")

    def node_of(self, name: str) -> str:
        return str(self.until(name, lambda pod: pod["spec"].get("nodeName")))

    def reason(self, name: str) -> str:
        """The message of the pod's condition, once the scheduler has found no node."""

        def message(pod: Object) -> str:
            conditions = (pod.get("status") or {}).get("conditions") or []
            return "".join(one["message"] for one in conditions if one["status"] == "False")

        return str(self.until(name, message))

    def events(self, name: str) -> list[str]:
        listed = self.do(self.client.list(EVENTS, self.namespace))["items"]
        return [one["message"] for one in listed if one["involvedObject"]["name"] == name]


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture(scope="module")
def _plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane()
    try:
        plane.do(plane.start(tmp_path_factory.mktemp("plane")))
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def plane(_plane: Plane) -> Plane:
    """The control plane, without nodes and pods."""
    _plane.do(_plane.clear())
    return _plane
