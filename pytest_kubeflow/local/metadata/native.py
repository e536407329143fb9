"""ML Metadata by gRPC itself, as `metadata-grpc-service` of a cluster speaks it."""

from __future__ import annotations

from functools import partial
from typing import Any

from pytest_kubeflow.local.grpcserver import LOOPBACK, LazyGrpcServer
from pytest_kubeflow.local.metadata.store import MetadataStore


class NativeMetadata(LazyGrpcServer):
    """Listens on a free port of `host`, an address of this machine, from `start` to `stop`."""

    def __init__(self, store: MetadataStore, *, host: str = LOOPBACK) -> None:
        super().__init__(partial(serve, store), host=host)


async def serve(store: MetadataStore) -> tuple[Any, int]:
    """A gRPC server of its own port, that answers for `store`."""
    import grpc

    from pytest_kubeflow.local.metadata.methods import Methods
    from pytest_kubeflow.local.metadata.service import call

    table = Methods(store).table
    codes = {code.value[0]: code for code in grpc.StatusCode}

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
        def service(self, details: Any) -> Any:
            method = details.method.rpartition("/")[2]

            async def answer(request: bytes, context: Any) -> bytes:
                code, message, response = call(table, method, request)
                if response is None:
                    await context.abort(codes[code], message)
                return response or b""

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    await server.start()
    return server, port
