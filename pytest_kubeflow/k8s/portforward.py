"""PortForward: a port of this machine that leads to a Service's pods, as `kubectl port-forward`.

Past gateways and meshes, with the Kubernetes API's credentials: the right `create pods/portforward`
in the namespace is all it takes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.serviceport import ServicePort
from pytest_kubeflow.k8s.tunnel import Tunnel, Tunnels

_LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 1 << 16
_CHECK_SECONDS = 1.0


class PortForward:
    """`with PortForward(kubernetes, "istio-system", "istio-ingressgateway", 80) as forward: ...`.

    `port` is the Service's, by number or name. Inside, `forward.url` is where to ask; it is a port
    of the loopback interface, which every user of this machine can connect to. Each connection has
    a websocket of its own, to a pod that is ready when it begins: a pod that was replaced is
    noticed with the next connection. One that cannot be made is closed at once, and `trouble` says
    why. A client that closes its sending direction ends the connection: the protocol has no more.
    """

    def __init__(
        self, kubernetes: KubernetesClient, namespace: str, service: str, port: int | str
    ) -> None:
        self._source = ServicePort(kubernetes, namespace, service, port)
        self._tunnels = Tunnels(kubernetes)
        self._listener: socket.socket | None = None
        self._spare: Tunnel | None = None
        self._clients: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.trouble: KubeflowError | None = None
        """Why the last connection could not be made or ended early; None if it could."""

    def __repr__(self) -> str:
        return f"PortForward({self._source})"

    @property
    def target(self) -> str:
        """Where it leads to, for people: "service namespace/name, port 80"."""
        return str(self._source)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to, from `open` to `close`."""
        if self._listener is None:
            raise RuntimeError(f"{self!r} is not open")
        host, port = self._listener.getsockname()
        return host, port

    @property
    def url(self) -> str:
        """The same as a URL of HTTP."""
        host, port = self.address
        return f"http://{host}:{port}"

    def open(self) -> PortForward:
        """Begin to listen.

        The first connection is made now, to see that it can be: raises NotFound (no such service,
        port, or pod that is ready), PermissionDenied, ClusterUnreachable.
        """
        self._spare = self._tunnels.open(self._source.find())
        self._listener = socket.create_server((_LOOPBACK, 0))
        self._start(self._accept, self._listener)
        return self

    def close(self) -> None:
        """End it with all its connections; twice is fine."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # A blocked accept() is not woken by close() alone.
            with contextlib.suppress(OSError), socket.create_connection(listener.getsockname()):
                pass
        while True:
            with self._lock:
                for client in self._clients:
                    _shut(client)
                thread = next(iter(self._threads), None)
            if thread is None:
                break
            thread.join()
        if listener is not None:
            listener.close()
        if self._spare is not None:
            self._spare.close()
            self._spare = None
        self._tunnels.close()

    def __enter__(self) -> PortForward:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, work: object, *arguments: object) -> None:
        def run() -> None:
            try:
                work(*arguments)  # type: ignore[operator]
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=repr(self), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            with self._lock:
                if self._listener is None:
                    client.close()
                    return
                self._clients.add(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, self._tunnel() as tunnel:
                self.trouble = None
                _exchange(client, tunnel)
                self.trouble = tunnel.trouble
        except KubeflowError as error:
            self.trouble = error
        finally:
            with self._lock:
                self._clients.discard(client)

    def _tunnel(self) -> Tunnel:
        """The tunnel that `open` made, if it is still good, or a new one."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            if spare.is_open:
                return spare
            spare.close()
        return self._tunnels.open(self._source.find())


def _exchange(client: socket.socket, tunnel: Tunnel) -> None:
    """Copy both ways until one side ends."""
    upward = threading.Thread(target=_send_up, args=(client, tunnel), daemon=True)
    upward.start()
    with contextlib.suppress(OSError), selectors.DefaultSelector() as selector:
        selector.register(tunnel.socket, selectors.EVENT_READ)
        while True:
            if not selector.select(_CHECK_SECONDS):
                if tunnel.is_open:
                    continue
                break  # the API server is gone, and the library's thread with it
            chunk = tunnel.socket.recv(_CHUNK_BYTES)
            if not chunk:
                break
            client.sendall(chunk)
    for one in (client, tunnel.socket):
        _shut(one)
    upward.join()


def _send_up(client: socket.socket, tunnel: Tunnel) -> None:
    with contextlib.suppress(OSError):
        while chunk := client.recv(_CHUNK_BYTES):
            tunnel.socket.sendall(chunk)
    _shut(tunnel.socket)


def _shut(one: socket.socket) -> None:
    """End both directions, which wakes whoever waits for it; it may have ended already."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
