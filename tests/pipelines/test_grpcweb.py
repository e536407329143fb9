import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.pipelines.outputs.grpcweb import MalformedFrames, frame, read_answer


def trailers(status: int, text: str = "") -> bytes:
    payload = f"grpc-status: {status}\r\ngrpc-message:{text}\r\n".encode()
    return struct.pack(">BI", 0x80, len(payload)) + payload


@given(st.binary(max_size=300), st.integers(0, 16))
def test_message_and_status_come_back(message: bytes, status: int) -> None:
    answer = read_answer(frame(message) + trailers(status, "not%20found"), {})
    assert (answer.message, answer.status, answer.text) == (message, status, "not found")


@given(st.binary(max_size=50), st.data())
def test_cut_answer_is_never_taken_for_a_whole_one(message: bytes, data: st.DataObject) -> None:
    whole = frame(message) + trailers(0)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(MalformedFrames):
        read_answer(whole[:end], {})


@given(st.binary(max_size=100))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedFrames):
        read_answer(body, {"grpc-status": "0"})


def test_status_in_headers_of_an_answer_without_body() -> None:
    answer = read_answer(b"", {"grpc-status": "12", "grpc-message": "no such method"})
    assert (answer.message, answer.status, answer.text) == (None, 12, "no such method")
