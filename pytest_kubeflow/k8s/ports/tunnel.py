"""Tunnel: one connection to a port of a pod, through the Kubernetes API.

The protocol is `v4.channel.k8s.io`: the first byte of a message is its channel, 0 for data and 1
for errors, and the first message of each channel is the port. It has no end of one direction
alone. (SPDY has, in the releases that take it inside a websocket; no library for Python speaks it,
and nodes end both directions there as well, about a second after one.)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError
from pytest_kubeflow.k8s.ports.websocket import connect

if TYPE_CHECKING:
    from kubernetes import client as api
    from websockets.asyncio.client import ClientConnection

PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class PodPort:
    """Where a tunnel leads: `port` is a number of the pod's own."""

    namespace: str
    pod: str
    port: int

    def __str__(self) -> str:
        return f"port {self.port} of pod {self.namespace}/{self.pod}"

    def find(self) -> PodPort:
        """Itself: as a ServicePort finds one."""
        return self


class Tunnel:
    """A websocket to a pod's port. All of it belongs to one event loop.

    Whether anything listens there shows a little later: `trouble` is then what the node said.
    """

    def __init__(self, target: PodPort, websocket: ClientConnection) -> None:
        self.target = target
        self.trouble: KubeflowError | None = None
        self._websocket = websocket
        self._begun = {_DATA: False, _ERROR: False}

    @classmethod
    async def open(cls, connection: api.ApiClient, target: PodPort) -> Tunnel:
        """One to a pod that runs. Raises ApiException, OSError."""
        pod = f"/api/v1/namespaces/{quote(target.namespace)}/pods/{quote(target.pod)}"
        path = f"{pod}/portforward?ports={target.port}"
        return cls(target, await connect(connection, path, PROTOCOL))

    @property
    def is_open(self) -> bool:
        """Whether the connection to the API is still there; what came before can be read yet."""
        from websockets.protocol import State

        return self._websocket.state is State.OPEN

    async def read(self) -> bytes:
        """The next bytes from the pod; none at the end, and `trouble` says why if it is early."""
        from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

        while self.trouble is None:
            try:
                message = await self._websocket.recv()
            except ConnectionClosedOK:
                return b""
            except ConnectionClosedError as error:
                self.trouble = ClusterUnreachable(
                    f"the connection to {self.target} broke off: {error}"
                )
                return b""
            if isinstance(message, bytes) and (data := self._data(message)):
                return data
        return b""

    def _data(self, message: bytes) -> bytes:
        channel, payload = message[:1], message[1:]
        number = channel[0] if channel else -1
        if number not in self._begun:
            return b""
        if not self._begun[number]:
            self._begun[number] = True  # the port, which we know
            return b""
        if number == _DATA:
            return payload
        found = " ".join(payload.decode(errors="replace").split())
        self.trouble = ClusterUnreachable(f"{self.target} does not answer: {found}")
        return b""

    async def write(self, data: bytes) -> bool:
        """Send bytes to the pod, as fast as it takes them; False if it takes no more."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._websocket.send(bytes([_DATA]) + data)
        except ConnectionClosed:
            return False
        return True

    async def close(self) -> None:
        """End it; twice is fine. What a pod has not taken by then is dropped."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._websocket.close()
        except TimeoutError:  # its closing waits for room in the buffers
            self._websocket.transport.abort()
