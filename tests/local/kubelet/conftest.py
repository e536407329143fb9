"""A node: API server, spawner, kubelet and scheduler in a thread, reached over HTTP."""

import asyncio
import itertools
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest

from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.controllers.controller import Informers
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import EVENTS, NAMESPACES, NODES, PODS, SERVICE_ACCOUNTS
from pytest_kubeflow.local.kubelet import ImageCatalogue, Kubelet, PythonEnvironments
from pytest_kubeflow.local.kubelet.gpus import GpuPool
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.scheduler import Scheduler
from pytest_kubeflow.local.spawner import Spawner
from tests.local.wire import Wire

T = TypeVar("T")
NAMESPACE = "tests"
SECONDS = 30


class Cluster:
    """What tests do with the node; every call runs on the loop of its thread.

    `wire` is the kubelet's way to the API server, and nobody else's.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.faults = Faults()
        self.client: KubeClient
        self.node: Object
        self._names = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def start(self, gpu_pool: GpuPool | None = None, pod_cidr: str | None = None) -> None:
        enter, push = self._stack.enter_async_context, self._stack.push_async_callback
        spawner = await enter(Spawner(remove=[self.directory / "data"]))
        pki = Pki(self.directory / "pki")
        api = ApiServer(pki=pki, service_cidr="127.90.1.0/24")
        await api.start()
        push(api.stop)
        api.write_kubeconfig(self.directory / "kubeconfig", namespace=NAMESPACE)
        self.client = await enter(KubeClient(api.admin_credentials()))
        await self.prepare_namespace()
        images = ImageCatalogue(environments=PythonEnvironments(self.directory / "cache"))
        self.images = images
        images.register("example.com/tool", Path(__file__).parent)
        (self.directory / "root/app/bin").mkdir(parents=True)
        (self.directory / "root/app/bin/own").write_text("#!/bin/sh\necho own $A\n")
        (self.directory / "root/app/bin/own").chmod(0o755)
        for user in ("1234:77", "worker"):
            images.register(
                f"example.com/{user.partition(':')[0]}",
                self.directory / "root",
                env={"PATH": "/app/bin:/bin", "A": "image"},
                user=user,
            )
        credentials = api.component_credentials("system:node:node-1", ["system:masters"])
        self.wire = Wire(urlsplit(credentials.server).port or 0)
        await self.wire.mend()
        push(self.wire.cut)
        way = replace(credentials, server=f"https://127.0.0.1:{self.wire.port}")
        kubelet_client = await enter(KubeClient(way))
        kubelet = Kubelet(
            kubelet_client,
            node_name="node-1",
            data_dir=self.directory / "data",
            spawner=spawner,
            images=images,
            server_cert=pki.issue_server("system:node:node-1"),
            client_ca=pki.ca_file,
            faults=self.faults,
            gpu_pool=gpu_pool,
            pod_cidr=pod_cidr,
            directories=HostDirectories(self.directory.parent),
        )
        self.kubelet = kubelet
        await kubelet.start()
        push(kubelet.stop)
        informers = Informers(self.client)
        scheduling = asyncio.create_task(Scheduler(self.client, informers).run())
        push(informers.stop)
        self._stack.callback(scheduling.cancel)
        self.node = await self.client.get(NODES, "node-1")
        tls = ssl.create_default_context(cafile=str(pki.ca_file))
        self.anonymous_tls = ssl.create_default_context(cafile=str(pki.ca_file))
        tls.load_cert_chain(*pki.issue_client("kube-apiserver-kubelet-client", ["system:masters"]))
        self._logs = await enter(httpx.AsyncClient(verify=tls, base_url=self.kubelet_url))

    async def prepare_namespace(self) -> None:
        for resource, obj in (
            (NAMESPACES, {"metadata": {"name": NAMESPACE}}),
            (SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": NAMESPACE}}),
        ):
            try:
                await self.client.create(resource, obj)
            except ApiError as error:
                if not error.conflict:
                    raise

    def stop(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def kubelet_url(self) -> str:
        port = self.node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
        return f"https://127.0.0.1:{port}"

    def create(self, *containers: Object, **spec: Any) -> Object:
        """Make a pod on the node; a container without a name is `main`, on busybox.

        With `nodeName=None` the scheduler places it.
        """
        pod = {
            "metadata": {"name": f"pod-{next(self._names)}", "namespace": NAMESPACE},
            "spec": {
                "nodeName": "node-1",
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "containers": [
                    {"name": "main", "image": "busybox:1.36", **one} for one in containers
                ],
                **spec,
            },
        }
        return self.do(self.client.create(PODS, pod))

    def until(self, pod: Object, done: Callable[[Object], Any]) -> Object:
        """Follow a pod until `done` of it holds."""
        return self.do(self._until(pod, done))

    def condition(self, kind: str) -> Object:
        """A condition of the node, as it is now."""
        node = self.do(self.client.get(NODES, "node-1"))
        found: Object = next(
            (one for one in node["status"]["conditions"] if one["type"] == kind), {}
        )
        return found

    async def _until(self, pod: Object, done: Callable[[Object], Any]) -> Object:
        name = pod["metadata"]["name"]
        listed = await self.client.list(PODS, NAMESPACE, field_selector=f"metadata.name={name}")
        current: Object = listed["items"][0]
        if done(current):
            return current
        async for _, obj in self.client.watch(
            PODS,
            NAMESPACE,
            resource_version=listed["metadata"]["resourceVersion"],
            field_selector=f"metadata.name={name}",
        ):
            if obj["metadata"].get("name") == name and done(obj):
                return obj
        raise AssertionError(f"the watch of {name} ended")

    def finished(self, pod: Object) -> Object:
        """The pod once it has succeeded or failed."""
        return self.until(pod, lambda one: phase(one) in {"Succeeded", "Failed"})

    def run(self, *containers: Object, **spec: Any) -> Object:
        return self.finished(self.create(*containers, **spec))

    def output(self, *containers: Object, **spec: Any) -> str:
        """The log of `main` of a pod that succeeds."""
        pod = self.run(*containers, **spec)
        text = self.log(pod)
        assert phase(pod) == "Succeeded", (pod["status"], text)
        return text

    def log(self, pod: Object, container: str = "main", **query: Any) -> str:
        response = self.log_response(pod, container, **query)
        assert response.status_code == 200, response.text
        return response.text

    def log_response(self, pod: Object, container: str = "main", **query: Any) -> httpx.Response:
        path = f"/containerLogs/{NAMESPACE}/{pod['metadata']['name']}/{container}"
        return self.do(self._logs.get(path, params=query, timeout=SECONDS))

    def delete(self, pod: Object, grace: int | None = None) -> None:
        """Delete, and wait until the pod is gone."""
        self.do(self._delete(pod, grace))

    async def _delete(self, pod: Object, grace: int | None) -> None:
        name = pod["metadata"]["name"]
        listed = await self.client.list(PODS, NAMESPACE)
        await self.client.delete(PODS, name, NAMESPACE, grace_seconds=grace)
        async for kind, obj in self.client.watch(
            PODS, NAMESPACE, resource_version=listed["metadata"]["resourceVersion"]
        ):
            if kind == "DELETED" and obj["metadata"]["name"] == name:
                return

    def events(self, pod: Object, *wanted: str) -> list[tuple[str, str]]:
        """Reasons and messages of a pod's events, once all `wanted` reasons are among them."""
        return self.do(self._events(pod["metadata"]["uid"], set(wanted)))

    async def _events(self, uid: str, wanted: set[str]) -> list[tuple[str, str]]:
        listed = await self.client.list(EVENTS, NAMESPACE)
        found = [one for one in listed["items"] if one["involvedObject"].get("uid") == uid]
        if not wanted <= {one["reason"] for one in found}:
            async for _, one in self.client.watch(
                EVENTS, NAMESPACE, resource_version=listed["metadata"]["resourceVersion"]
            ):
                if one.get("involvedObject", {}).get("uid") == uid:
                    found.append(one)
                if wanted <= {one["reason"] for one in found}:
                    break
        return [(one["reason"], one["message"]) for one in found]


def phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def state(pod: Object, container: str = "main") -> Object:
    """The state of a container as the pod's status has it."""
    status = pod.get("status") or {}
    every = (status.get("containerStatuses") or []) + (status.get("initContainerStatuses") or [])
    found: Object = next((one["state"] for one in every if one["name"] == container), {})
    return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("node"))
    try:
        cluster.do(cluster.start())
        yield cluster
    finally:
        cluster.stop()


def sh(script: str, **fields: Any) -> Object:
    """A container that runs a shell script."""
    return {"command": ["sh", "-c", script], **fields}
