"""The names that a server of the embedded cluster answers to.

A page of any web site can make its own name resolve to 127.0.0.1, and the browser then counts what
answers there as a part of that site (DNS rebinding). What the browser cannot change is the Host
header, so each server answers only to loopback and to names that this cluster gives.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

Known = Callable[[str], bool]
"""Whether a host, without its port and in lower case, is one of the server's further names."""

_CLUSTER_DOMAINS = (".svc", ".cluster.local", ".localhost")
"""Domains that no public resolver gives to anybody."""


def no_others(_host: str) -> bool:
    """For a server that has no further names."""
    return False


def service_names(name: str, namespace: str) -> Known:
    """The short names of a Service, which its full name does not cover."""
    return frozenset({name, f"{name}.{namespace}"}).__contains__


def is_ours(header: str, known: Known = no_others) -> bool:
    """Whether a server with the further names `known` answers to this Host header."""
    host = _without_port(header.strip().lower()).removesuffix(".")
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(_CLUSTER_DOMAINS) or known(host)


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
        foreign = next((host for host in hosts if not is_ours(host, self._known)), None)
        if foreign is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(reason=refusal(foreign).strip()[:120])(scope, receive, send)
        else:
            await PlainTextResponse(refusal(foreign), 421)(scope, receive, send)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
