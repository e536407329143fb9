"""Event files: numbers of a training as TensorBoard reads them, written without TensorFlow.

Formats: TFRecord (tensorflow/core/lib/io/record_writer.h) of Event messages
(tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from functools import cache

_POLYNOMIAL = 0x82F63B78
"""CRC-32C (Castagnoli), reflected."""

_MASK_DELTA = 0xA282EAD8
_VERSION = b"brain.Event:2"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def event_file(
    scalars: Mapping[str, Sequence[tuple[int, float]]], *, began: float | None = None
) -> bytes:
    """The content of an event file with these scalars: (step, value) by tag.

    Values are kept as 32-bit floats; `as_float32` says what comes back. `began` is when the
    training began, in seconds since 1970 (None: now); each step takes a second.
    """
    began = time.time() if began is None else began
    records = [_double(1, began) + _text(3, _VERSION)]
    points = [(step, tag, value) for tag, series in scalars.items() for step, value in series]
    for step, tag, value in sorted(points):
        summary = _text(1, _text(1, tag.encode()) + _key(2, _FIXED32) + struct.pack("<f", value))
        event = _double(1, began + step) + _key(2, _VARINT) + _varint(step) + _text(5, summary)
        records.append(event)
    return b"".join(map(_record, records))


def as_float32(value: float) -> float:
    """`value` as a 32-bit float has it."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return float(rounded)


def file_name(began: float) -> str:
    """A name by which TensorBoard knows an event file."""
    return f"events.out.tfevents.{int(began)}.pytest-kubeflow"


def masked_crc(data: bytes) -> int:
    """The checksum of a record's part: its CRC-32C, rotated and shifted."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720, appendix B.4 has examples)."""
    crc, table = 0xFFFFFFFF, _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    found = []
    for number in range(256):
        crc = number
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        found.append(crc)
    return tuple(found)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return b"".join(
        [
            length,
            struct.pack("<I", masked_crc(length)),
            data,
            struct.pack("<I", masked_crc(data)),
        ]
    )


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _double(field: int, value: float) -> bytes:
    return _key(field, _FIXED64) + struct.pack("<d", value)


def _text(field: int, value: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """A protobuf varint; negative numbers as 64-bit ones."""
    value &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
