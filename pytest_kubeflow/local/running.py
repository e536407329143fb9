"""Running: what a server has started, stopped again in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack

from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.hosts import Known
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import KubeClient


class Running:
    """The components on one control plane: their clients of it, their servers, their work."""

    def __init__(self, control: ControlPlane) -> None:
        self._control = control
        self._stack = AsyncExitStack()
        self._background: set[asyncio.Task[None]] = set()

    async def run(
        self, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
    ) -> None:
        """Start a component; it is stopped, too, if it does not come up as a whole."""
        self.at_end(stop)
        await start()

    async def client(self, user: str, groups: Sequence[str]) -> KubeClient:
        """A client of the Kubernetes API that is that user."""
        client = KubeClient(self._control.credentials(user, groups))
        self.at_end(client.close)
        return client

    async def serve(
        self,
        app: object,
        known: Known | None = None,
        *,
        host: str | None = None,
        websockets: bool = False,
        people: bool = False,
    ) -> HttpServer:
        """Serve an application at `host`, or at the address of the cluster's node.

        It is served to `people` of this machine as well, if they do not get there.
        """
        network = self._control.network
        server = HttpServer(
            app,
            host=host or network.host_ip,
            known=known,
            websockets=websockets,
            public_socket=network.public_socket() if people else None,
        )
        await self.run(server.start, server.stop)
        return server

    def soon(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do something beside what goes on."""
        task = asyncio.create_task(work())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def watch(self, work: Coroutine[None, None, None], *, name: str) -> None:
        """Do something until the end."""
        self._stack.callback(asyncio.create_task(work, name=name).cancel)

    def at_end(self, stop: Callable[[], Awaitable[None] | None]) -> None:
        """Call this when all that is started after it has stopped."""

        async def end() -> None:
            if (stopping := stop()) is not None:
                await stopping

        self._stack.push_async_callback(end)

    async def stop(self) -> None:
        """Stop everything."""
        await self._stack.aclose()
