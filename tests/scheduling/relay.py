"""Relay: a way to a server on loopback that can be cut, mended or stalled, as by an outage."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

_CHUNK = 65536


class Relay:
    """Listens at `url` and leads to the server of `target`, while it is not `cut`.

    `accepted` counts the connections until now.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.url = f"{parts.scheme}://127.0.0.1:{self._address[1]}"
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._stalled = threading.Event()
        self.accepted = 0
        self._listen(self._listener)

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Refuse connections, and break those that there are."""
        with self._lock:
            broken = [self._listener, *self._sockets]
            self._sockets.clear()
        for one in broken:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def stall(self) -> None:
        """Take connections, and what is sent on them, and answer nothing any more."""
        self._stalled.set()

    def mend(self) -> None:
        """Listen again at the same address, and answer whoever comes from now on."""
        if self._stalled.is_set():
            self._stalled.clear()
            return
        self._listener = socket.create_server(self._address)
        self._listen(self._listener)

    def _listen(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                self.accepted += 1
                far = socket.create_connection(self._target)
            except OSError:
                return
            with self._lock:
                self._sockets |= {near, far}
            threading.Thread(target=self._lead, args=(near, far), daemon=True).start()

    def _lead(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        ended = False
        # ValueError: closed under select's hands.
        with contextlib.suppress(OSError, ValueError):
            while not ended:
                for side in select.select([near, far], [], [])[0]:
                    chunk = side.recv(_CHUNK)
                    ended = ended or not chunk
                    if not self._stalled.is_set():
                        other[side].sendall(chunk)
        for side in (near, far):
            side.close()
        with self._lock:
            self._sockets -= {near, far}
