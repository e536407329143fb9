"""An object store that does not answer: one verdict within seconds, not one wait a test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.remote import NAMESPACE, Remote
from tests.plugin.test_requirement import STORE


@contextmanager
def port(*, listening: bool) -> Iterator[int]:
    """One that refuses connections, or takes them and says nothing."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        if listening:
            holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("listening", [False, True], ids=["refuses", "silent"])
def test_one_verdict(remote: Remote, tmp_path: Path, listening: bool) -> None:
    (tmp_path / "test_store.py").write_text(STORE)
    with port(listening=listening) as number:
        url = f"http://127.0.0.1:{number}"
        code, output = remote.run(
            tmp_path,
            f"--kf-s3-endpoint={url}",
            f"--kf-namespace={NAMESPACE}",
        )
    assert code == 78, output
    message = f"ERROR: --kf-s3-endpoint={url} (from command line): nothing answers at {url} ("
    assert output.count(message) == 1, output
    assert "passed" not in output
