"""gRPC-web: how browsers and HTTP clients call ml-metadata (through Envoy, in a real cluster).

Protocol: grpc/grpc doc/PROTOCOL-WEB.md. A body is a row of frames, each a byte of flags, four
bytes of length, and so many bytes; flag 0x80 marks the trailers. `grpc-web-text` is the same in
base64. All methods are unary; no library serves gRPC-web in Python without a gRPC server.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from google.protobuf.message import DecodeError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.metadata.listing import UnsupportedQueryError
from pytest_kubeflow.local.metadata.methods import Methods
from pytest_kubeflow.local.metadata.store import AlreadyExistsError, MetadataStore, NotFoundError
from pytest_kubeflow.local.metadata.wire import message_class

log = logging.getLogger(__name__)

SERVICE = "ml_metadata.MetadataStoreService"
_TRAILERS = 0x80
_OK, _INVALID_ARGUMENT, _NOT_FOUND, _ALREADY_EXISTS = 0, 3, 5, 6
_UNIMPLEMENTED, _INTERNAL = 12, 13
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (AlreadyExistsError, _ALREADY_EXISTS),
    (NotFoundError, _NOT_FOUND),
    (UnsupportedQueryError, _UNIMPLEMENTED),
    (DecodeError, _INTERNAL),
    (ValueError, _INVALID_ARGUMENT),
)

_EXPECTED = (AlreadyExistsError, NotFoundError, UnsupportedQueryError, DecodeError, ValueError)


def service_app(store: MetadataStore) -> Starlette:
    """An ASGI application that serves `/ml_metadata.MetadataStoreService/<Method>`."""
    table = Methods(store).table

    async def answer(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("application/grpc-web"):
            return Response("expected content-type application/grpc-web", status_code=415)
        text = content_type.startswith("application/grpc-web-text")
        body = await request.body()
        code, message, response = _answer(table, request.path_params["method"], body, text=text)
        frames = _frame(0, response) if response is not None else b""
        trailers = f"grpc-status:{code}\r\n"
        if message:
            trailers += f"grpc-message:{quote(message, safe=' ')}\r\n"
        frames += _frame(_TRAILERS, trailers.encode())
        content = base64.b64encode(frames) if text else frames
        kind = "application/grpc-web-text+proto" if text else "application/grpc-web+proto"
        return Response(content, media_type=kind)

    return Starlette(routes=[Route(f"/{SERVICE}/{{method}}", answer, methods=["POST"])])


def _answer(
    table: dict[str, Callable[[Any], Any]], name: str, body: bytes, *, text: bool
) -> tuple[int, str, bytes | None]:
    """`(grpc code, message, serialized response)` of one call."""
    try:
        payload = _payload(base64.b64decode(body, validate=True) if text else body)
    except ValueError as error:
        return _INVALID_ARGUMENT, str(error), None
    return call(table, name, payload)


def call(
    table: dict[str, Callable[[Any], Any]], name: str, payload: bytes
) -> tuple[int, str, bytes | None]:
    """`(grpc code, message, serialized response)` of one call with a serialized request."""
    method = table.get(name)
    if method is None:
        return _UNIMPLEMENTED, f"{SERVICE}/{name} is not served here", None
    try:
        request = message_class(f"{name}Request").FromString(payload)
        return _OK, "", method(request).SerializeToString()
    except _EXPECTED as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        return code, str(error), None


def _payload(body: bytes) -> bytes:
    """The message of the first frame. Raises ValueError if there is no whole one."""
    if len(body) < 5:
        raise ValueError("the body holds no gRPC frame")
    length = int.from_bytes(body[1:5], "big")
    if body[0] & 1:
        raise ValueError("compressed frames are not understood")
    if len(body) < 5 + length:
        raise ValueError(f"the frame has {len(body) - 5} of {length} bytes")
    return body[5 : 5 + length]


def _frame(flags: int, content: bytes) -> bytes:
    return bytes([flags]) + len(content).to_bytes(4, "big") + content
