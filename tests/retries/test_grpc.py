"""ML Metadata by gRPC: which of its statuses are asked again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from pytest_kubeflow.pipelines.outputs.mlmd_native import NativeMetadataSource
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable
from pytest_kubeflow.retries import policy

_CODE = grpc.StatusCode


class Metadata(grpc.GenericRpcHandler):  # type: ignore[misc]  # the base class has no types
    """Answers with `code` a number of times, and then with a message without fields."""

    def __init__(self, code: Any, times: int, message: bytes = b"") -> None:
        self.code, self.left, self.message = code, times, message
        self.asked = 0

    def service(self, _: Any) -> Any:
        def answer(_: bytes, context: Any) -> bytes:
            self.asked += 1
            self.left -= 1
            if self.left >= 0:
                context.abort(self.code, "says the server")
            return self.message

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def asking(metadata: Metadata) -> Iterator[NativeMetadataSource]:
    """A source at a server that answers so."""
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads, handlers=[metadata])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        source = NativeMetadataSource(address=f"127.0.0.1:{port}")
        try:
            yield source
        finally:
            source.close()
            server.stop(None).wait()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "PAUSES", (0.01, 0.05))


@pytest.mark.parametrize(
    "code", [_CODE.UNAVAILABLE, _CODE.RESOURCE_EXHAUSTED, _CODE.DEADLINE_EXCEEDED]
)
def test_what_will_pass_is_asked_again(code: Any) -> None:
    metadata = Metadata(code, 2)
    with asking(metadata) as source:
        assert source.tasks("a run that has not begun") == []
    assert metadata.asked == 3


@pytest.mark.parametrize("code", [_CODE.PERMISSION_DENIED, _CODE.INTERNAL, _CODE.UNIMPLEMENTED])
def test_a_verdict_is_one(code: Any) -> None:
    metadata = Metadata(code, 1)
    with asking(metadata) as source, pytest.raises(SourceUnavailable, match=code.name):
        source.tasks("one")
    assert metadata.asked == 1


def test_what_is_no_message_is_no_traceback() -> None:
    """Bytes that came whole and say nothing: half of a message."""
    with (
        asking(Metadata(_CODE.OK, 0, message=b"\x0a\xff")) as source,
        pytest.raises(SourceUnavailable, match="no GetContextByTypeAndNameResponse"),
    ):
        source.tasks("one")
