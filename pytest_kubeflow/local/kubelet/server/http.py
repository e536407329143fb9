"""The kubelet's HTTPS endpoints for the API server: logs, ports, commands, and a health check.

Paths and messages: kubernetes/kubernetes pkg/kubelet/server and pkg/kubelet/kubelet_pods.go.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pytest_kubeflow.local.kubelet.containers.logs import (
    ContainerLog,
    LogOptions,
    read_log,
    timestamp,
)
from pytest_kubeflow.local.kubelet.containers.probes import Inside
from pytest_kubeflow.local.kubelet.containers.runner import ContainerRunner
from pytest_kubeflow.local.kubelet.pods.worker import PodWorker
from pytest_kubeflow.local.kubelet.server.portforward import (
    PROTOCOL,
    Dial,
    PortForwarding,
    parse_ports,
)
from pytest_kubeflow.local.kubelet.server.remotecommand import PROTOCOLS, RemoteCommand, Wanted
from pytest_kubeflow.local.kubelet.server.spdyforward import PROTOCOL as SPDY
from pytest_kubeflow.local.kubelet.server.spdyforward import SpdyForwarding

FindPod = Callable[[str, str], PodWorker | None]
DialOf = Callable[[str, str], Dial | None]


def kubelet_app(
    find: FindPod, cut: Callable[[], bool], mirror: DialOf = lambda *_: None
) -> Starlette:
    """The ASGI application. `cut` says whether logs are to be cut off in the middle.

    `mirror` says how to connect to a pod that only stands for a program, if it is one.
    """

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def container_logs(request: Request) -> Response:
        try:
            log = _log_of(find, request)
            options = log_options(request.query_params)
        except KeyError as error:
            return PlainTextResponse(str(error.args[0]), 404)
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        chunks = _cut(log, options) if cut() else read_log(log, options)
        return StreamingResponse(chunks, media_type="text/plain")

    async def port_forward(socket: WebSocket) -> None:
        namespace, pod = socket.path_params["namespace"], socket.path_params["pod"]
        worker = find(namespace, pod)
        await _forward(socket, worker.dial if worker is not None else mirror(namespace, pod))

    async def command(socket: WebSocket) -> None:
        await socket.receive()  # websocket.connect
        try:
            protocol = next(one for one in PROTOCOLS if one in socket.scope["subprotocols"])
            wanted = Wanted.of(socket.query_params)
            runner, inside = _running(find, socket)
        except StopIteration:
            refusal = PlainTextResponse(f"the protocols here are {', '.join(PROTOCOLS)}", 400)
        except KeyError as error:
            refusal = PlainTextResponse(str(error.args[0]), 404)
        except ValueError as error:
            refusal = PlainTextResponse(str(error), 400)
        else:
            await socket.accept(protocol)
            remote = RemoteCommand(socket, wanted)
            if socket.scope["path"].startswith("/exec/"):
                await remote.execute(inside, socket.query_params.getlist("command"))
            else:
                await remote.attach(runner.logs[-1], runner.console)
            return
        await socket.send_denial_response(refusal)

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/containerLogs/{namespace}/{pod}/{container}", container_logs),
            WebSocketRoute("/exec/{namespace}/{pod}/{container}", command),
            WebSocketRoute("/attach/{namespace}/{pod}/{container}", command),
            WebSocketRoute("/portForward/{namespace}/{pod}", port_forward),
        ]
    )


async def _forward(socket: WebSocket, dial: Dial | None) -> None:
    """Ports of the pod that `dial` connects to, in the protocol that the client offers."""
    await socket.receive()  # websocket.connect
    namespace, pod = socket.path_params["namespace"], socket.path_params["pod"]
    offered = socket.scope["subprotocols"]
    try:
        ports = [] if SPDY in offered else parse_ports(socket.query_params.get("port", ""))
    except ValueError as error:
        refusal = PlainTextResponse(str(error), 400)
    else:
        if dial is None:
            refusal = PlainTextResponse(f'pod not found ("{pod}_{namespace}")', 404)
        elif SPDY in offered:
            await socket.accept(SPDY)
            await SpdyForwarding(socket, pod, dial).run()
            return
        elif PROTOCOL in offered:
            await socket.accept(PROTOCOL)
            await PortForwarding(socket, pod, dial, ports).run()
            return
        else:
            refusal = PlainTextResponse(f"the protocols here are {PROTOCOL}, {SPDY}", 400)
    await socket.send_denial_response(refusal)


def _running(find: FindPod, socket: WebSocket) -> tuple[ContainerRunner, Inside]:
    """The running container that a request names. Raises KeyError, ValueError."""
    namespace, pod, container = (
        socket.path_params[name] for name in ("namespace", "pod", "container")
    )
    worker = find(namespace, pod)
    if worker is None:
        raise KeyError(f"pod {pod}_{namespace} does not exist")
    runner = worker.runner(container)
    if runner is None or runner.inside is None:
        raise ValueError(f'unable to upgrade connection: container not found ("{container}")')
    return runner, runner.inside


def _log_of(find: FindPod, request: Request) -> ContainerLog:
    """The log that a request names. Raises KeyError (no such pod) or ValueError (no log)."""
    namespace, pod, container = (
        request.path_params[name] for name in ("namespace", "pod", "container")
    )
    worker = find(namespace, pod)
    if worker is None:
        raise KeyError(f'pod "{pod}" does not exist')
    runner = worker.runner(container)
    if runner is None:
        raise ValueError(f"container {container} is not valid for pod {pod}")
    previous = request.query_params.get("previous", "").lower() in {"true", "1"}
    log = worker.log_of(container, previous=previous)
    if log is not None:
        return log
    what = f'container "{container}" in pod "{pod}"'
    if previous:
        raise ValueError(f"previous terminated {what} not found")
    reason = runner.status.state.get("waiting", {}).get("reason", "ContainerCreating")
    raise ValueError(f"{what} is waiting to start: {reason}")


def log_options(query: Mapping[str, str]) -> LogOptions:
    """Parse the query of a log request. Raises ValueError with a line for the caller."""

    def flag(name: str) -> bool:
        return query.get(name, "").lower() in {"true", "1"}

    def number(name: str) -> int | None:
        text = query.get(name)
        if not text:
            return None
        if not text.isdecimal():
            raise ValueError(f"{name} must be a whole number and not negative, not {text!r}")
        return int(text)

    since = query.get("sinceTime") or None
    if since is None and (seconds := number("sinceSeconds")) is not None:
        since = timestamp(time.time_ns() - seconds * 10**9)
    return LogOptions(
        follow=flag("follow"),
        tail=number("tailLines"),
        limit_bytes=number("limitBytes"),
        since=since,
        timestamps=flag("timestamps"),
    )


async def _cut(log: ContainerLog, options: LogOptions) -> AsyncIterator[bytes]:
    """The first half of what there is to read, for the fault `log-cut`."""
    text = b"".join([chunk async for chunk in read_log(log, options)])
    yield text[: len(text) // 2]
