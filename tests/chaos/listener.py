"""Listener: a port of a proxy that can refuse connections for a moment and keeps its number."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web


class Listener:
    """`url` is the same over all refusals."""

    def __init__(self) -> None:
        # It holds the port and never listens, so that nobody else gets it meanwhile.
        self._holder = _bound(0)
        self._port = self._holder.getsockname()[1]
        self._runner: web.ServerRunner | None = None
        self._site: web.SockSite | None = None
        self._again: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Of plain http."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, runner: web.ServerRunner) -> None:
        """Take connections."""
        self._runner = runner
        self._site = web.SockSite(runner, _bound(self._port))
        await self._site.start()

    async def refuse(self, seconds: float) -> None:
        """Refuse new connections for so long; those there are stay."""
        site, self._site = self._site, None
        if site is None:
            return
        await site.stop()
        self._again = asyncio.get_running_loop().call_later(seconds, self._restart)

    def _restart(self) -> None:
        if self._runner is not None and self._runner.server is not None:
            self._starting = asyncio.create_task(self.start(self._runner))

    def close(self) -> None:
        """Give the port back."""
        if self._again is not None:
            self._again.cancel()
        self._holder.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
