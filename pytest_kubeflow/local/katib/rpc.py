"""gRPC as Katib's parts speak it with each other: unary calls of the services of `messages`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from pytest_kubeflow.local.grpcserver import LOOPBACK, import_grpc
from pytest_kubeflow.local.katib.messages import message_class

_SERVING = 1
_HEALTH = "grpc.health.v1.Health"
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    # Else a new channel shares the connection, and the waiting, of one that was closed.
    ("grpc.use_local_subchannel_pool", 1),
)
_SECONDS = 60.0
# As Go's client says it, which real parts of Katib have.
_UNREACHED = (
    'connection error: desc = "transport: Error while dialing: dial tcp {}: connect: '
    'connection refused"'
)

Method = Callable[[Any], Awaitable[Any]]
"""Answers a request with a reply; raises CallError for what is refused."""


class CallError(Exception):
    """A call failed: the name of its gRPC code (`UNAVAILABLE`), and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"rpc error: code = {_camel(code)} desc = {message}")
        self.code = code
        self.message = message


class Channels:
    """Calls by `host:port`, on kept connections; `resolve` finds the address of a name."""

    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        self._resolve = resolve
        self._channels: dict[str, Any] = {}

    async def call(self, endpoint: str, service: str, method: str, request: Any) -> Any:
        """The reply. Raises CallError."""
        await import_grpc()
        import grpc

        host, _, port = endpoint.rpartition(":")
        address = self._resolve(host)
        if address is None:
            raise CallError(
                "UNAVAILABLE",
                f"name resolver error: produced zero addresses (lookup {host}: no such host)",
            )
        target = f"{address}:{port}"
        channel = self._channels.get(target)
        if channel is None:
            channel = self._channels[target] = grpc.aio.insecure_channel(target, options=_OPTIONS)
        ask = channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(f"{method}Reply").FromString,
        )
        try:
            return await ask(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                # Who asks next tries at once, as with a connection of its own.
                self._channels.pop(target, None)
                await channel.close()
                raise CallError("UNAVAILABLE", _UNREACHED.format(target)) from None
            raise CallError(error.code().name, error.details() or "") from None

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in self._channels.values()))
        self._channels.clear()


async def serve(services: Mapping[str, Mapping[str, Method]]) -> tuple[Any, int]:
    """A gRPC server of its own port on loopback: `{service: {method: what answers}}`.

    Health of each is told as grpc.health.v1 has it.
    """
    import grpc

    async def health(_request: Any) -> Any:
        return message_class("HealthCheckResponse")(status=_SERVING)

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
        def service(self, details: Any) -> Any:
            name, _, method = details.method.removeprefix("/").partition("/")
            if name == _HEALTH and method == "Check":
                return _handler("HealthCheckRequest", health)
            answer = services.get(name, {}).get(method)
            return None if answer is None else _handler(f"{method}Request", answer)

    def _handler(name: str, answer: Method) -> Any:
        async def run(payload: bytes, context: Any) -> bytes:
            try:
                reply = await answer(message_class(name).FromString(payload))
            except CallError as error:
                await context.abort(grpc.StatusCode[error.code], error.message)
            except DecodeError as error:
                await context.abort(grpc.StatusCode.INTERNAL, str(error))
            else:
                written: bytes = reply.SerializeToString()
                return written
            return b""

        return grpc.unary_unary_rpc_method_handler(run)

    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    await server.start()
    return server, port


def _camel(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))
