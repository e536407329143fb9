"""A proxy of TCP on loopback that cuts connections, swallows what is said, or asks for a login."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

_RESET = struct.pack("ii", 1, 0)
_PIECE = 65536
_REFUSAL = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n"
    b"Connection: close\r\n\r\nexpired"
)


class CuttingProxy:
    """Leads to `port`; its own is `port`. Each connection has two threads."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.lets_in: Callable[[bytes], bool] = lambda _head: True
        """Whether a request with this head goes through; others get 401."""

        self.swallows_requests = False
        """What clients send on connections that are open is lost."""

        self.swallows_responses = False
        """What the server sends is lost."""

        self.open = threading.Event()
        """New connections wait until it is set."""

        self.open.set()
        self.opened = 0
        self._begin(self._accept)

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """Reset all connections, on both sides."""
        while self._sockets:
            one = self._sockets.pop()
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _begin(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.open.wait(60)
            head = client.recv(_PIECE)
            if not self.lets_in(head):
                client.sendall(_REFUSAL)
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            self.opened += 1
            server.sendall(head)
            self._begin(self._copy, server, client, lambda: self.swallows_responses)
            self._copy(client, server, lambda: self.swallows_requests)

    def _copy(
        self, source: socket.socket, target: socket.socket, swallows: Callable[[], bool]
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if not swallows():
                    target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
