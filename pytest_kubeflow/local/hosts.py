"""The names that a server of the embedded cluster answers to.

A page of any web site can make its own name resolve to 127.0.0.1, and the browser then counts what
answers there as a part of that site (DNS rebinding). What the browser cannot change is the Host
header, so each server answers only to loopback and to names that this cluster gives.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

Known = Callable[[str], Awaitable[bool]]
"""Whether a host, without its port and in lower case, is one of the server's further names."""

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
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(_CLUSTER_DOMAINS) or await known(host)


def refusal(header: str) -> str:
    """What a client is told that comes with another host."""
    return (
        f"Host {header!a} is no name of this server: the embedded cluster answers to localhost, "
        "loopback addresses and the names of its own Services\n"
    )


class HostGuard:
    """An ASGI application that lets requests through to `app` whose Host is one of its names."""

    def __init__(self, app: ASGIApp, known: Known = no_others) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A browser sends the header always, probes of a kubelet without one are not refused.
        hosts = Headers(scope=scope).getlist("host") if "headers" in scope else []
        for host in hosts:
            if not await is_ours(host, self._known):
                answer = PlainTextResponse(refusal(host), 421)
                refused = WebSocketClose() if scope["type"] == "websocket" else answer
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
