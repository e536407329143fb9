"""The names that a server of the embedded cluster answers to, and pages that may ask it.

A page of any web site can make its own name resolve to 127.0.0.1, and the browser then counts what
answers there as a part of that site (DNS rebinding). What the browser cannot change is the Host
header, so each server answers only to loopback and to names that this cluster gives.

A page can also send forms to 127.0.0.1 itself. It cannot read what comes back, but a server that
asks nobody who he is would do what it says (cross-site request forgery). With all that is no GET a
browser sends the page's origin, and a request that has one is answered only to pages of the server
itself: of the same host and port, as another port of this machine is anybody's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, runtime_checkable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from pytest_kubeflow.local.network import is_this_machine

Known = Callable[[str], Awaitable[bool]]
"""Whether a host, without its port and in lower case, is one of the server's further names."""

_PORTS = {"http": ":80", "https": ":443"}
"""Those that browsers leave out."""

_CLUSTER_DOMAINS = (".svc", ".cluster.local", ".localhost")
"""Domains that no public resolver gives to anybody."""


@runtime_checkable
class Named(Protocol):
    """An application that knows by which further names it is reached."""

    async def answers_to(self, host: str) -> bool: ...


async def no_others(_host: str) -> bool:
    """For a server that has no further names."""
    return False


def service_names(*names: str, namespace: str) -> Known:
    """The short names of Services; those with `.svc` belong to every server."""
    short = {*names, *(f"{name}.{namespace}" for name in names)}

    async def known(host: str) -> bool:
        return host in short

    return known


async def is_ours(header: str, known: Known = no_others) -> bool:
    """Whether a server with the further names `known` answers to this Host header."""
    host = _without_port(header.strip().lower()).removesuffix(".")
    try:
        return is_this_machine(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host.endswith(_CLUSTER_DOMAINS) or await known(host)


def is_own_page(origin: str, host: str) -> bool:
    """Whether a page of this origin (`http://localhost:80`; `null`: of no server) is the server's.

    `host` is the Host header of its request. Schemes need not be the same: TLS may end before us.
    """
    scheme, separator, page = origin.strip().lower().partition("://")
    port = _PORTS.get(scheme, "")
    return bool(separator and page) and page.removesuffix(port) == host.removesuffix(port)


def refusal(header: str) -> str:
    """What a client is told that comes with another host."""
    return (
        f"Host {header!a} is no name of this server: the embedded cluster answers to localhost, "
        "loopback addresses and the names of its own Services\n"
    )


class HostGuard:
    """An ASGI application that lets requests through to `app` whose Host is one of its names.

    And whose Origin, where there is one, is the server asked.
    """

    def __init__(self, app: ASGIApp, known: Known = no_others) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._refusal(scope["headers"]) if "headers" in scope else None
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await answer(scope, receive, send)

    async def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> PlainTextResponse | None:
        hosts, origins = list[str](), list[str]()
        for name, value in headers:  # in lower case, as ASGI has them
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
        # A browser sends the header always, probes of a kubelet without one are not refused.
        for host in hosts:
            if not await is_ours(host, self._known):
                return PlainTextResponse(refusal(host), 421)
        for origin in origins:
            if not any(is_own_page(origin, host.strip().lower()) for host in hosts):
                message = f"pages of {origin!a} have no access to the embedded cluster\n"
                return PlainTextResponse(message, 403)
        return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
