"""gRPC-web, as far as unary calls need it: frames around protobuf messages, over plain HTTP.

A frame is one byte of flags, four bytes of length (big endian) and the payload; a flag of 0x80
marks trailers in HTTP/1 header form, among them `grpc-status`.
Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md. The `grpcio` package speaks
HTTP/2 only, which does not pass Kubeflow's gateway under a path prefix.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

CONTENT_TYPE = "application/grpc-web+proto"

_HEAD = struct.Struct(">BI")
_COMPRESSED = 0x01
_TRAILERS = 0x80


class MalformedFrames(ValueError):  # noqa: N818 read as a sentence
    """The bytes are not the frames of a complete gRPC-web answer."""


@dataclass(frozen=True, slots=True)
class GrpcWebResponse:
    """A unary answer: its message's bytes (None when there is none), status code and text."""

    message: bytes | None
    status: int
    text: str


def frame(message: bytes) -> bytes:
    """`message` as the body of a request."""
    return _HEAD.pack(0, len(message)) + message


def read_answer(body: bytes, headers: Mapping[str, str]) -> GrpcWebResponse:
    """Decode a unary answer; `headers` (lower case) hold the status of one without a body.

    Raises MalformedFrames for a cut body, a compressed message or an answer without a status.
    """
    message: bytes | None = None
    trailers = dict(headers)
    at = 0
    while at < len(body):
        if at + _HEAD.size > len(body):
            raise MalformedFrames(f"a frame's head is cut off at byte {at}")
        flags, length = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        payload = body[at : at + length]
        if len(payload) < length:
            raise MalformedFrames(f"a frame of {length} bytes is cut off after {len(payload)}")
        at += length
        if flags & _COMPRESSED:
            raise MalformedFrames("the answer is compressed, which nobody asked for")
        if flags & _TRAILERS:
            trailers.update(_parse_trailers(payload))
        elif message is None:
            message = payload
        else:
            raise MalformedFrames("more than one message in a unary answer")
    status = trailers.get("grpc-status", "")
    if not status.isdecimal():
        raise MalformedFrames("the answer carries no grpc-status")
    return GrpcWebResponse(message, int(status), unquote(trailers.get("grpc-message", "")))


def _parse_trailers(payload: bytes) -> dict[str, str]:
    trailers = {}
    for line in payload.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            trailers[name.strip().lower()] = value.strip()
    return trailers
