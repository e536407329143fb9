"""PortForward: a port of this machine that leads to a Service's pods, as `kubectl port-forward`.

Past gateways and meshes, with the Kubernetes API's credentials: the right `create pods/portforward`
in the namespace is all it takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, TypeVar

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.ports.relay import Relay, reset
from pytest_kubeflow.k8s.ports.serviceport import ServicePort, is_ready
from pytest_kubeflow.k8s.ports.tunnel import PodPort, Tunnel
from pytest_kubeflow.network_errors import innermost
from pytest_kubeflow.waiting import Deadline, bounded_by

T = TypeVar("T")

_LOOPBACK = "127.0.0.1"
_AT_ONCE = 16
"""Connections that are made at the same time; others wait for one of them."""

_BUFFER_BYTES = 1 << 18


class PortForward:
    """`with PortForward(kubernetes, "istio-system", "istio-ingressgateway", 80) as forward: ...`.

    `port` is the Service's, by number or name. Inside, `forward.url` is where to ask; it is a port
    of the loopback interface, which every user of this machine can connect to. Each connection has
    a websocket of its own, to a pod that is ready when it begins: a pod that was replaced is
    noticed with the next connection. Nothing is held back but what is on its way: the slower side
    sets the pace. One that cannot be made, or that breaks off, is reset, and `trouble` says why. A
    client may end its sending direction and still get the rest of its response; the pod does not
    learn of it, since the protocol has no word for that.
    """

    def __init__(
        self, kubernetes: KubernetesClient, namespace: str, service: str, port: int | str
    ) -> None:
        self._kubernetes = kubernetes
        self._source: ServicePort | PodPort = ServicePort(kubernetes, namespace, service, port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        self._spare: Tunnel | None = None
        self._tunnels: set[Tunnel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dialing = threading.BoundedSemaphore(_AT_ONCE)
        self._trouble: KubeflowError | None = None
        self._left: PodPort | None = None

    @classmethod
    def to_pod(cls, kubernetes: KubernetesClient, target: PodPort) -> PortForward:
        """One that leads to this pod alone."""
        forward = cls(kubernetes, target.namespace, target.pod, target.port)
        forward._source = target
        return forward

    def __repr__(self) -> str:
        return f"PortForward({self._source})"

    @property
    def target(self) -> str:
        """Where it leads to, for people: "service namespace/name, port 80"."""
        return str(self._source)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to, from `open` to `close`."""
        if self._server is None:
            raise RuntimeError(f"{self!r} is not open")
        host, port = self._server.sockets[0].getsockname()
        return host, port

    @property
    def url(self) -> str:
        """The same as a URL of HTTP."""
        host, port = self.address
        return f"http://{host}:{port}"

    @property
    def trouble(self) -> KubeflowError | None:
        """Why the last connection could not be made or ended early; None if it did neither.

        Where the pod's side ended it without a reason, the pod is looked up now.
        """
        left = self._left
        if self._trouble is None and left is not None:
            return self._fate(left)
        return self._trouble

    def open(self) -> PortForward:
        """Begin to listen.

        The first connection is made now, to see that it can be: raises NotFound (no such service,
        port, or pod that is ready), PermissionDenied, ClusterUnreachable.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=repr(self), daemon=True)
        self._thread.start()
        try:
            self._spare = self._dial()
            self._server = self._run(
                asyncio.start_server(self._accept, _LOOPBACK, 0, limit=_BUFFER_BYTES)
            )
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End it with all its connections; twice is fine."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._run(self._end())
        self._loop = self._thread = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def __enter__(self) -> PortForward:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, done by the event loop; from another thread."""
        if self._loop is None:
            work.close()
            raise RuntimeError(f"{self!r} is not open")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.gather(*(one.close() for one in self._tunnels))
        self._tunnels.clear()
        self._spare = None

    def _dial(self) -> Tunnel:
        """A tunnel to a pod that is ready now. Not for the event loop: this waits."""
        with self._dialing:
            target = self._source.find()
            try:
                with calling(f"forward {target}"):
                    return self._kubernetes.retry_policy.repeat(
                        lambda: self._run(self._open(target))
                    )
            except OSError as error:
                raise ClusterUnreachable(f"cannot forward {target}: {innermost(error)}") from error

    async def _open(self, target: PodPort) -> Tunnel:
        tunnel = await Tunnel.open(self._kubernetes.api_client, target)
        self._tunnels.add(tunnel)
        return tunnel

    async def _close(self, tunnel: Tunnel) -> None:
        await tunnel.close()
        self._tunnels.discard(tunnel)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Our own task: asyncio calls the end of one that `close` cancels a mistake.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel: Tunnel | None = None
        try:
            tunnel = await self._tunnel()
            self._trouble = self._left = None
            relay = Relay(reader, writer, tunnel)
            await relay.run()
            self._trouble = tunnel.trouble
            self._left = tunnel.target if relay.ended_by_pod else None
        except KubeflowError as error:
            self._trouble = error
        finally:
            if tunnel is None or tunnel.trouble is not None:
                reset(writer)
            else:
                writer.close()
            if tunnel is not None:
                await self._close(tunnel)

    async def _tunnel(self) -> Tunnel:
        """The tunnel that `open` made, if it is still good, or a new one."""
        spare, self._spare = self._spare, None
        if spare is not None:
            if spare.is_open:
                return spare
            await self._close(spare)
        return await _in_thread(self._dial)

    def _fate(self, left: PodPort) -> KubeflowError | None:
        """What has become of a pod whose side ended a connection; None if it is well."""
        try:
            with bounded_by(Deadline.after(0)), calling(f"read pod {left.namespace}/{left.pod}"):
                pod = self._kubernetes.core.read_namespaced_pod(left.pod, left.namespace)
        except NotFound:
            return NotFound(f"the connection to {left} ended: the pod was deleted")
        except KubeflowError as error:
            return error
        if pod.metadata.deletion_timestamp:
            return NotFound(f"the connection to {left} ended: the pod is being deleted")
        if not is_ready(pod):
            return ClusterUnreachable(f"the connection to {left} ended: {describe_pod(pod)}")
        return None


async def _in_thread(work: Callable[[], T]) -> T:
    """The result of `work` in a thread that the end of the program does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle_now(settled: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            settled(value)

    def settle(settled: Callable[[Any], None], value: Any) -> None:
        # Nobody may wait any more, and the loop may have ended.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle_now, settled, value)

    def run() -> None:
        try:
            result = work()
        except (KubeflowError, RuntimeError, CancelledError) as error:
            settle(done.set_exception, error)
        else:
            settle(done.set_result, result)

    threading.Thread(target=run, name="port-forward", daemon=True).start()
    return await done
