"""Event files: framing, checksums and messages, read back by a small reader of the formats."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.tensorboards.event_file import as_float32, crc32c, event_file, masked_crc

FLOATS = st.floats(width=32, allow_nan=False)
SERIES = st.lists(
    st.tuples(st.integers(0, 2**62), FLOATS), min_size=1, max_size=5, unique_by=lambda one: one[0]
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [  # RFC 3720, B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_checksums_are_those_of_the_standard(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


def records(content: bytes) -> Iterator[bytes]:
    """The records of a file; their checksums have to be right."""
    while content:
        header, content = content[:12], content[12:]
        size, checksum = struct.unpack("<QI", header)
        assert checksum == masked_crc(header[:8])
        data, content = content[:size], content[size:]
        (checksum,) = struct.unpack("<I", content[:4])
        assert checksum == masked_crc(data)
        content = content[4:]
        yield data


def fields(data: bytes) -> Iterator[tuple[int, object]]:
    """The fields of a protobuf message, as their wire types have them."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        match key & 7:
            case 0:
                yield key >> 3, varint()
            case 1:
                yield key >> 3, struct.unpack_from("<d", data, at)[0]
                at += 8
            case 2:
                size = varint()
                yield key >> 3, data[at : at + size]
                at += size
            case 5:
                yield key >> 3, struct.unpack_from("<f", data, at)[0]
                at += 4


def message(data: object) -> dict[int, object]:
    assert isinstance(data, bytes)
    return dict(fields(data))


@given(st.dictionaries(st.text(min_size=1, max_size=8), SERIES, max_size=3))
def test_what_is_written_is_there(scalars: dict[str, list[tuple[int, float]]]) -> None:
    first, *events = records(event_file(scalars, began=1000.0))
    assert message(first) == {1: 1000.0, 3: b"brain.Event:2"}
    found = []
    for event in map(message, events):
        value = message(message(event[5])[1])
        tag = value[1]
        assert isinstance(tag, bytes)
        step = event[2]
        assert isinstance(step, int)
        assert event[1] == 1000.0 + step
        found.append((step, tag.decode(), value[2]))
    wanted = [(step, tag, value) for tag, series in scalars.items() for step, value in series]
    assert sorted(found) == sorted(wanted)


@given(st.floats(-1e30, 1e30))
def test_values_come_back_as_32_bit_floats(value: float) -> None:
    kept = as_float32(value)
    assert as_float32(kept) == kept
    assert kept == pytest.approx(value, rel=1e-6, abs=1e-30)
