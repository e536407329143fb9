"""One API server for the module, in a thread with its own loop, and clients of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.network import LoopbackNetwork

T = TypeVar("T")
SECONDS = 10


@dataclass(frozen=True)
class Served:
    """A server that runs in another thread."""

    server: ApiServer
    pki: Pki
    kubeconfig: Path
    loop: asyncio.AbstractEventLoop
    database: Database | None = None

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)

    def client(self, user: str, *groups: str) -> Any:
        """The official client, as `user` in `groups`."""
        return self.client_with(self.server.component_credentials(user, groups).token)

    def client_with(self, token: str | None) -> Any:
        """The official client with a token."""
        from kubernetes import client

        configuration = client.Configuration()
        configuration.host = self.server.url
        configuration.ssl_ca_cert = str(self.server.ca_file)
        configuration.api_key = {"authorization": f"Bearer {token}"}
        return client.ApiClient(configuration)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("apiserver")


@contextmanager
def serve(
    directory: Path, *, data: Path | None = None, objects: Sequence[dict[str, Any]] = ()
) -> Iterator[Served]:
    """A server with nothing around it, whose files are in `directory`.

    It begins with `objects`, and keeps all in `data`.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    network = LoopbackNetwork()
    pki = Pki(directory / "pki", None if data is None else data / "pki")

    stack = AsyncExitStack()

    async def start() -> tuple[ApiServer, Database | None]:
        # SQLite wants to be used by the thread that has opened it.
        database = Database(data / "rows.db") if data is not None else None
        if database is not None:
            stack.callback(database.close)
        server = ApiServer(
            pki=pki, service_cidr=network.services, objects=objects, database=database
        )
        await server.start()
        stack.push_async_callback(server.stop)
        return server, database

    try:
        server, database = asyncio.run_coroutine_threadsafe(start(), loop).result(SECONDS)
        kubeconfig = directory / "kubeconfig"
        server.write_kubeconfig(kubeconfig)
        served = Served(server, pki, kubeconfig, loop, database)
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
        network.close()


@pytest.fixture(scope="module")
def served(directory: Path) -> Iterator[Served]:
    with serve(directory) as served:
        yield served


@pytest.fixture(scope="module")
def api(served: Served) -> Iterator[Any]:
    """The official client, as an administrator."""
    from kubernetes import config

    client = config.new_client_from_config(str(served.kubeconfig))
    yield client
    client.close()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """An administrator on the wire, for what the official client has no word for."""
    credentials = served.server.admin_credentials()
    with httpx.Client(
        base_url=credentials.server,
        verify=credentials.ssl_context(),
        headers={"Authorization": f"Bearer {credentials.token}"},
        trust_env=False,
    ) as http:
        yield http


@pytest.fixture(scope="module")
def core(api: Any) -> Any:
    from kubernetes import client

    return client.CoreV1Api(api)


@pytest.fixture
def namespace(core: Any) -> str:
    """A fresh namespace with a service account, so that pods can be made in it."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    core.create_namespace({"metadata": {"name": name}})
    core.create_namespaced_service_account(name, {"metadata": {"name": "default"}})
    return name


Manifest = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def pod() -> Manifest:
    """The manifest of a pod named p; arguments are fields of its spec."""

    def manifest(**spec: Any) -> dict[str, Any]:
        container = {"name": "main", "image": "python:3.11"}
        return {"metadata": {"name": "p"}, "spec": {"containers": [container], **spec}}

    return manifest


Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def kubectl(served: Served, directory: Path) -> Kubectl:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed on this machine")

    def run(*arguments: str, stdin: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            [program, "--kubeconfig", str(served.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "HOME": str(directory)},
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    return run
