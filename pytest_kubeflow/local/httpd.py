"""HttpServer: an ASGI application on a port of this machine alone, inside a running event loop.

uvicorn serves; this only binds first (so that the port is known before the first request), never
takes over signals, and ends open watches at once when it stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pytest_kubeflow.local.hosts import HostGuard, Known, Named, no_others
from pytest_kubeflow.local.network import is_this_machine

PEER_CERTIFICATE = "peer_certificate"


class HttpServer:
    """Serves `app` on `host:port` (0: any free port) until `stop`, where only this machine gets to.

    With `certificate` and `key` it speaks TLS; with `client_ca` it asks for client certificates
    (`require_client`: and refuses those who have none), and `scope["state"][PEER_CERTIFICATE]` is
    the client's, as `ssl.SSLSocket.getpeercert` has it (None: it has none). With `websockets` the
    application gets scopes of that type too; without, a request for one is a request like others.
    Requests for another host are refused, except for the names in `known`, and those that the
    application itself `answers_to`. It is served at `public_socket`, too, a socket that listens for
    people of this machine where they do not reach `host`.
    """

    def __init__(
        self,
        app: Any,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        known: Known | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        client_ca: Path | None = None,
        require_client: bool = False,
        websockets: bool = False,
        public_socket: socket.socket | None = None,
    ) -> None:
        if not is_this_machine(host):
            raise ValueError(
                f"{host} can be reached from elsewhere; the embedded cluster binds no such address"
            )
        self._sockets = [_of_tcp(socket.create_server((host, port), backlog=512))]
        if public_socket is not None:
            self._sockets.append(_of_tcp(public_socket))
        scheme = "https" if certificate else "http"
        self.host = host
        self.port: int = self._sockets[0].getsockname()[1]
        self.address = host, self.port
        self.url = f"{scheme}://{host}:{self.port}"
        self.address_of_people: tuple[str, int] = self._sockets[-1].getsockname()[:2]
        self.url_of_people = "{}://{}:{}".format(scheme, *self.address_of_people)
        if known is None:
            known = app.answers_to if isinstance(app, Named) else no_others
        config = uvicorn.Config(
            HostGuard(app, known),
            http=_Http,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws=_websocket if websockets else "none",  # type: ignore[arg-type]
            ws_per_message_deflate=False,
            # Kubernetes sends no pings there, and its Python client would answer one in the middle
            # of a frame of its own.
            ws_ping_interval=None,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_ca_certs=str(client_ca) if client_ca else None,
            ssl_cert_reqs=(
                (ssl.CERT_REQUIRED if require_client else ssl.CERT_OPTIONAL)
                if client_ca
                else ssl.CERT_NONE
            ),
        )
        self._config = config
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    def use_certificate(self, certificate: Path, key: Path) -> None:
        """Show another certificate from the next connection on. Raises ssl.SSLError, OSError."""
        assert self._config.ssl is not None
        self._config.ssl.load_cert_chain(certificate, key)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets))
        await self._server.listening.wait()

    async def stop(self) -> None:
        if self._task is None:
            for one in self._sockets:
                one.close()
            return
        self._server.end()
        await self._task
        self._task = None


def _of_tcp(listening: socket.socket) -> socket.socket:
    """The same socket, naming its protocol: asyncio sets TCP_NODELAY on connections only then.

    Without it each answer of two writes waits 40 ms for the client's delayed acknowledgement.
    """
    family, kind = listening.family, listening.type
    return socket.socket(family, kind, socket.IPPROTO_TCP, fileno=listening.detach())


def _websocket(**arguments: Any) -> asyncio.Protocol:
    """What uvicorn has for a connection that becomes a websocket, imported with the first."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    protocol = WebSocketsSansIOProtocol(**arguments)
    # uvicorn reads what is offered by itself. The library's own reading takes no name with a
    # slash, as RFC 6455 has it, and Kubernetes has some.
    protocol.conn.process_subprotocol = _none_chosen  # type: ignore[method-assign]
    return protocol


def _none_chosen(headers: Any) -> None:  # noqa: ARG001 the name that the library calls it
    return None


class _Http(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol, which also tells the application whose certificate it was shown."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert") or None
        self.app_state = {**self.app_state, PEER_CERTIFICATE: certificate}  # type: ignore[has-type]


class _Quiet(uvicorn.Server):
    """uvicorn's server without its signal handlers, and with events for "listening" and the end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._ending = asyncio.Event()

    def end(self) -> None:
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it is to end: we have many."""
        while not self._ending.is_set():
            await self.on_tick(0)  # the date that answers show
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        # serve() without capture_signals(): the process that embeds us owns its signals.
        await self._serve(sockets)
