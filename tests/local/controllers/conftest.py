"""API server, controllers and scheduler in a thread; tests speak to them over HTTP."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.controllers import ControllerManager
from pytest_kubeflow.local.controllers.profile import ProfileController
from pytest_kubeflow.local.controllers.serviceproxy import ServiceProxy
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.network import LoopbackNetwork
from pytest_kubeflow.local.scheduler import Scheduler

NODE = "node-1"


@dataclass
class ControlPlane:
    """What tests reach from outside the thread."""

    faults: Faults
    volumes: Path
    kubeconfig: Path


async def issue_keys(namespace: str) -> tuple[str, str]:
    return f"access-{namespace}", f"secret-{namespace}"


async def start(stack: AsyncExitStack, directory: Path, faults: Faults) -> None:
    network = LoopbackNetwork()
    stack.callback(network.close)
    api = ApiServer(pki=Pki(directory / "pki"), service_cidr=network.services)
    stack.push_async_callback(api.stop)
    await api.start()
    api.write_kubeconfig(directory / "kubeconfig")
    client = await stack.enter_async_context(KubeClient(api.admin_credentials()))
    await bootstrap.apply(client, bootstrap.manifests("platform", "multi-user", "istio"))
    manager = ControllerManager(
        client,
        volumes=directory / "volumes",
        node_name=NODE,
        ca=api.ca_file.read_text(),
        faults=faults,
        job_backoff=0.05,
        more=[partial(ProfileController, issue_keys=issue_keys), Scheduler, ServiceProxy],
    )
    stack.push_async_callback(manager.stop)
    await manager.start()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("plane")
    faults = Faults()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    try:
        asyncio.run_coroutine_threadsafe(start(stack, directory, faults), loop).result(20)
        yield ControlPlane(faults, directory / "volumes", directory / "kubeconfig")
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="module")
def core(plane: ControlPlane) -> Iterator[Any]:
    from kubernetes import client, config

    api = config.new_client_from_config(str(plane.kubeconfig))
    core = client.CoreV1Api(api)
    core.create_node(node(NODE))
    yield core
    api.close()


def node(name: str, **spec: Any) -> dict[str, Any]:
    capacity = {"cpu": "2", "memory": "4Gi", "pods": "20"}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"capacity": capacity, "allocatable": capacity},
    }


Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Ask until the answer is true, for ten seconds at most; an AssertionError counts as false."""

    def ask(question: Callable[[], Any]) -> Any:
        ends = time.monotonic() + 10
        while True:
            try:
                answer = question()
            except AssertionError:
                answer = None
                if time.monotonic() > ends:
                    raise
            if answer:
                return answer
            assert time.monotonic() < ends, "it did not come true within 10 s"
            time.sleep(0.02)

    return ask


@pytest.fixture
def namespace(core: Any, eventually: Eventually) -> str:
    name = f"t-{uuid.uuid4().hex[:10]}"
    core.create_namespace({"metadata": {"name": name}})
    eventually(lambda: core.list_namespaced_service_account(name).items)
    return name
