"""KernelChannel: the messages of one kernel, by a websocket that is opened again when it is cut.

Messages are made by `jupyter_client`, whose session is the same on each connection: by its id the
Jupyter server knows who comes back, and hands over what the kernel has said meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.notebooks.errors import CellFailed
from pytest_kubeflow.waiting import Deadline, bounded_by

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LARGEST = 64 * 2**20
"""Bytes of the largest message that is taken."""

_TOO_BIG = 1009
"""The close code for it."""

OPEN_SECONDS = 60.0
"""Until a handshake is answered: Jupyter holds it until the kernel, which may start, responds."""

Opener = Callable[[str, int, float], AbstractContextManager["ClientConnection"]]
"""Opens a websocket at a URL, for messages of so many bytes, within so many seconds."""


class ChannelCut(Exception):  # noqa: N818  the kernel's client mends it, or says what was lost
    """The websocket is gone."""


@dataclass(frozen=True, slots=True)
class Message:
    """One from the kernel; `parent` is the id of the request that it is about."""

    kind: str
    parent: str
    content: Mapping[str, Any] = field(default_factory=dict)


class KernelChannel:
    """Of one kernel. `url` is that of its channels, without a query."""

    def __init__(self, url: str, opener: Opener) -> None:
        from jupyter_client.session import Session

        self._session = Session(username="pytest-kubeflow")
        self._url = f"{url}?session_id={self._session.session}"
        self._opener = opener
        self._stack = ExitStack()
        self._socket: ClientConnection | None = None

    def open(self, deadline: Deadline) -> None:
        """Open it, or open it anew. Raises what `gateway_websocket` does."""
        self.close()
        with bounded_by(deadline):
            seconds = max(1.0, deadline.at_most(OPEN_SECONDS))
            self._socket = self._stack.enter_context(self._opener(self._url, LARGEST, seconds))

    def close(self) -> None:
        """Close it; the kernel stays."""
        self._socket = None
        self._stack.close()

    def send(self, kind: str, content: Mapping[str, Any]) -> str:
        """Send a request on the shell channel; returns its id. Raises ChannelCut."""
        from websockets.exceptions import ConnectionClosed

        message: dict[str, Any] = self._session.msg(kind, content=dict(content))
        message |= {"channel": "shell", "buffers": []}
        if self._socket is None:
            raise ChannelCut("it was not open")
        try:
            self._socket.send(self._session.pack(message).decode())
        except (ConnectionClosed, OSError) as error:
            raise ChannelCut(str(error)) from error
        return str(message["header"]["msg_id"])

    def receive(self, timeout: float) -> Message:
        """The next message. Raises TimeoutError, ChannelCut, CellFailed for one that is too big."""
        from websockets.exceptions import ConnectionClosed

        if self._socket is None:
            raise ChannelCut("it was not open")
        try:
            received = self._socket.recv(timeout)
        except ConnectionClosed as error:
            if error.sent is not None and error.sent.code == _TOO_BIG:
                self.close()
                raise CellFailed(
                    f"the kernel sent a message of more than {LARGEST // 2**20} MiB: such an "
                    "output is not taken; let the code write it to a file"
                ) from error
            raise ChannelCut(str(error)) from error
        try:
            found = json.loads(received)
            header, parent = found["header"], found.get("parent_header") or {}
            kind = str(header["msg_type"])
            return Message(kind, str(parent.get("msg_id", "")), found.get("content") or {})
        except (ValueError, KeyError, TypeError) as error:
            raise CellFailed(
                f"what came by the kernel's websocket is no message: {error}"
            ) from error
