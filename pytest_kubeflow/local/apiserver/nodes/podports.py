"""PodPorts: the way from the API server to the kubelet that leads into a pod: ports, commands.

What goes over it is the client's and the kubelet's business; the API server checks who may, and
copies. Rules: kubernetes/kubernetes pkg/registry/core/pod/strategy.go (PortForwardLocation).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request, not_found
from pytest_kubeflow.local.apiserver.nodes.kubelets import Kubelets

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_OPEN_SECONDS = 10
_STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error"}
_CLOSE_SECONDS = 2
_TUNNELLED = {"SPDY/3.1+portforward.k8s.io": "spdy.portforward.k8s.io"}
"""What kubectl calls its protocol, and a name for it that a websocket may have."""


class PodPorts:
    """Opens websockets to kubelets."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._kubelets = kubelets

    def check(self, pod: Object, subresource: str, query: dict[str, str]) -> None:
        """Raises StatusError for a pod or a container into which nothing leads."""
        check(pod, subresource, query, self._kubelets.has)

    async def open(self, pod: Object, subresource: str, scope: Scope) -> ClientConnection:
        """A websocket to the kubelet of a pod, in a protocol that the client offers in `scope`.

        `subresource` is `portforward`, `exec` or `attach`. Raises StatusError: 400 for a pod that
        runs nowhere, the kubelet's own refusal, 500 without a kubelet.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidHandshake, InvalidStatus

        metadata, node = pod["metadata"], pod["spec"].get("nodeName")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        check(pod, subresource, dict(query), self._kubelets.has)
        where = f"{metadata['namespace']}/{metadata['name']}"
        if subresource == "portforward":
            path = f"portForward/{where}?port={dict(query).get('ports', '')}"
        else:
            asked = [
                (_STREAMS.get(name, name), value)
                for name, value in query
                if name in {*_STREAMS, "tty", "command"}
            ]
            path = f"{subresource}/{where}/{_container(pod, dict(query))}?{urlencode(asked)}"
        url = f"wss://{self._kubelets.address(node)}/{path}"
        try:
            return await connect(
                url,
                ssl=self._kubelets.tls,
                subprotocols=[_TUNNELLED.get(one, one) for one in scope["subprotocols"]] or None,
                compression=None,
                ping_interval=None,
                proxy=None,
                max_size=None,
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
            )
        except InvalidStatus as error:
            text = error.response.body.decode(errors="replace").strip()
            code = error.response.status_code
            reason = {400: "BadRequest", 404: "NotFound"}.get(code, "InternalError")
            raise StatusError(code, reason, text) from None
        except (InvalidHandshake, OSError) as error:
            raise StatusError(500, "InternalError", f"error dialing backend: {error}") from None


def check(
    pod: Object, subresource: str, query: dict[str, str], has_node: Callable[[str], bool]
) -> None:
    """Raises StatusError for a pod or a container into which nothing leads."""
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    if not has_node(pod["spec"]["nodeName"]):
        raise not_found("", "pods", pod["spec"]["nodeName"])
    if subresource == "portforward":
        return
    name, status = _container(pod, query), pod.get("status") or {}
    states = {
        one["name"]: one.get("state") or {}
        for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for one in status.get(field) or []
    }
    if "running" not in states.get(name, {}):
        message = f'unable to upgrade connection: container not found ("{name}")'
        raise StatusError(500, "InternalError", message)


def _container(pod: Object, query: dict[str, str]) -> str:
    """The container that is meant. Raises StatusError 400."""
    spec, title = pod["spec"], pod["metadata"]["name"]
    main = [one["name"] for one in spec["containers"]]
    others = [
        one["name"]
        for field in ("initContainers", "ephemeralContainers")
        for one in spec.get(field) or []
    ]
    asked = query.get("container")
    if not asked:
        if len(main) == 1:
            return str(main[0])
        raise bad_request(
            f"a container name must be specified for pod {title}, choose one of: [{' '.join(main)}]"
        )
    if asked not in {*main, *others}:
        raise bad_request(f"container {asked} is not valid for pod {title}")
    return asked


async def relay(kubelet: ClientConnection, receive: Receive, send: Send) -> None:
    """Accept the client's websocket and copy messages both ways, until one side ends."""
    from websockets.exceptions import ConnectionClosed

    async def from_client() -> None:
        while (message := await receive())["type"] == "websocket.receive":
            await kubelet.send(message.get("bytes") or message.get("text") or b"")

    async def to_client() -> None:
        async for message in kubelet:
            kind = "bytes" if isinstance(message, bytes) else "text"
            await send({"type": "websocket.send", kind: message})
        await send({"type": "websocket.close"})

    await receive()  # websocket.connect
    names = {name: original for original, name in _TUNNELLED.items()}
    chosen = names.get(kubelet.subprotocol or "", kubelet.subprotocol)
    await send({"type": "websocket.accept", "subprotocol": chosen})
    copying = [asyncio.create_task(from_client()), asyncio.create_task(to_client())]
    try:
        await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in copying:
            task.cancel()
        for task in copying:
            # Either side may have gone already: OSError is the client's.
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed, OSError):
                await task
        await kubelet.close()
