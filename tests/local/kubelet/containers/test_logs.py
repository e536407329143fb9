import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.local.kubelet.containers.logs import (
    ContainerLog,
    LogOptions,
    read_log,
    tail_text,
    timestamp,
)
from pytest_kubeflow.local.kubelet.server.http import log_options


async def read(log: ContainerLog, options: LogOptions) -> bytes:
    return b"".join([chunk async for chunk in read_log(log, options)])


def written(
    path: Path, *chunks: bytes, then: Callable[[ContainerLog], Awaitable[bytes]], limit: int = 10**7
) -> bytes:
    """A log into which a container wrote `chunks` to stdout, then handed to `then`."""

    async def run() -> bytes:
        log = ContainerLog(path, max_bytes=limit)
        pipe = log.connect("stdout")
        for chunk in chunks:
            await asyncio.to_thread(write_all, pipe, chunk)
        os.close(pipe)
        await log.drained()
        return await then(log)

    return asyncio.run(run())


def write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def test_file_has_the_cri_format(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    written(path, b"one\ntwo", then=lambda log: read(log, LogOptions()))
    lines = path.read_bytes().splitlines()
    time = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
    assert re.fullmatch(time + rb" stdout F one", lines[0])
    assert re.fullmatch(time + rb" stdout P two", lines[1])


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=40_000), max_size=4))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "0.log"
    text = written(path, *chunks, then=lambda log: read(log, LogOptions()))
    assert text == b"".join(chunks)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (LogOptions(), b"1\n2\n3\n"),
        (LogOptions(tail=2), b"2\n3\n"),
        (LogOptions(tail=0), b""),
        (LogOptions(tail=9), b"1\n2\n3\n"),
        (LogOptions(limit_bytes=3), b"1\n2"),
        (LogOptions(limit_bytes=0), b""),
        (LogOptions(since=timestamp(0)), b"1\n2\n3\n"),
        (LogOptions(since="9999"), b""),
        (LogOptions(follow=True, tail=1), b"3\n"),
    ],
)
def test_reading_a_part(tmp_path: Path, options: LogOptions, expected: bytes) -> None:
    text = written(tmp_path / "0.log", b"1\n2\n3\n", then=lambda log: read(log, options))
    assert text == expected


def test_tail_counts_an_unfinished_and_a_long_line_as_one(tmp_path: Path) -> None:
    content = b"first\n" + b"x" * 50_000 + b"\nrest"
    text = written(tmp_path / "0.log", content, then=lambda log: read(log, LogOptions(tail=2)))
    assert text == b"x" * 50_000 + b"\nrest"
    assert tail_text(tmp_path / "0.log", lines=1, limit=3) == "est"


def test_timestamps(tmp_path: Path) -> None:
    text = written(
        tmp_path / "0.log", b"a\n", then=lambda log: read(log, LogOptions(timestamps=True))
    )
    assert re.fullmatch(rb"\S+Z a\n", text)


def test_following_ends_with_the_container(tmp_path: Path) -> None:
    async def run() -> list[bytes]:
        log = ContainerLog(tmp_path / "0.log")
        pipe = log.connect("stdout")
        seen: list[bytes] = []

        async def follow() -> None:
            async for chunk in read_log(log, LogOptions(follow=True)):
                seen.append(chunk)
                got.set()

        got = asyncio.Event()
        task = asyncio.create_task(follow())
        for text in (b"a\n", b"b\n"):
            got.clear()
            os.write(pipe, text)
            await got.wait()
        os.close(pipe)
        await task
        return seen

    assert asyncio.run(run()) == [b"a\n", b"b\n"]


def test_rotation_keeps_five_files_and_serves_the_newest(tmp_path: Path) -> None:
    lines = [b"%05d" % number + b"-" * 95 + b"\n" for number in range(1000)]
    text = written(
        tmp_path / "0.log", *lines, limit=10_000, then=lambda log: read(log, LogOptions())
    )
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["0.log", "0.log.1", "0.log.2", "0.log.3", "0.log.4"]
    assert all(path.stat().st_size <= 10_000 for path in tmp_path.iterdir())
    assert b"".join(lines).endswith(text)
    assert text


def test_log_query() -> None:
    options = log_options({"follow": "true", "tailLines": "3", "timestamps": "1"})
    assert options == LogOptions(follow=True, tail=3, timestamps=True)
    with pytest.raises(ValueError, match="tailLines must be a whole number"):
        log_options({"tailLines": "-1"})
