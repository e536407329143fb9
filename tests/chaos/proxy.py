"""ChaosProxy: stands between a client and the servers of a cluster, and does what its plan says.

HTTP/1.1 on loopback, with bodies that are streamed (watches, logs, objects) and websockets (exec,
forwarded ports). What a server says can also be altered, by what `Altering` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from aiohttp import web

from tests.chaos.exchange import Exchange, Upstream, UpstreamResponse
from tests.chaos.listener import Listener
from tests.chaos.plan import Plan


class Altering(Protocol):
    """What becomes of requests and responses. Called in the proxy's thread, which waits for it."""

    def ask(self, server: str, method: str, path: str, body: bytes) -> bytes:
        """The body of a request as the server gets it."""

    def wants(self, server: str, method: str, path: str) -> bool:
        """Whether responses to such requests are altered; they are read to their end first."""

    def alter(self, response: UpstreamResponse) -> None:
        """Change what the client gets."""


@dataclass
class Pace:
    """How long things take, in seconds."""

    delay: float = 0.5
    timeout: float = 2.0
    refusing: float = 0.3
    retry_after: int = 1


@dataclass
class ChaosProxy:
    """A thread with an event loop; `listen` gives the address of each server through it."""

    plan: Plan = field(default_factory=Plan)
    altering: Altering | None = None
    pace: Pace = field(default_factory=Pace)
    began: float = field(default_factory=time.monotonic)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)
    _runners: list[web.ServerRunner] = field(default_factory=list, repr=False)
    _listeners: list[Listener] = field(default_factory=list, repr=False)
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    def __enter__(self) -> ChaosProxy:
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-proxy")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    def listen(self, server: str, url: str, tls: ssl.SSLContext | None = None) -> str:
        """Lead to the server at `url`, which plans and logs call `server`; gives the new URL."""
        upstream = Upstream(server, url, tls)
        return asyncio.run_coroutine_threadsafe(self._listen(upstream), self._loop).result()

    @property
    def now(self) -> float:
        """Seconds since the plan began."""
        return time.monotonic() - self.began

    def begin(self, plan: Plan, altering: Altering | None = None) -> None:
        """Another session: from now on by this plan, at the same addresses."""
        self.plan, self.altering, self.began = plan, altering, time.monotonic()

    async def _listen(self, upstream: Upstream) -> str:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_read=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                max_line_size=65536,
                max_field_size=65536,
            )
        session = self._session
        listener = Listener()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await Exchange(self, upstream, session, listener, request).respond()

        server = web.Server(
            handle,
            handler_cancellation=True,
            auto_decompress=False,
            access_log=None,
            max_line_size=65536,
            max_field_size=65536,
        )
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        self._listeners.append(listener)
        await listener.start(runner)
        return listener.url

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for runner in self._runners:
            await runner.cleanup()
        if self._session is not None:
            await self._session.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@contextmanager
def chaos(plan: Plan | None = None, altering: Altering | None = None) -> Iterator[ChaosProxy]:
    """One that runs."""
    with ChaosProxy(plan or Plan(), altering) as proxy:
        yield proxy
