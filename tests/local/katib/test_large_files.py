"""Files of metrics that are larger than what is taken of the memory at once."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest

from pytest_kubeflow.local.katib.collector.arguments import parse
from pytest_kubeflow.local.katib.collector.collector import LONGEST_LINE, read_metrics
from pytest_kubeflow.local.katib.collector.parsing import CollectError
from pytest_kubeflow.local.katib.collector.tfevents import read_events

LINE = 1 << 20
NAME = "metrics.log"
ARGUMENTS = parse(["-t", "trial", "-m", "accuracy", "-path", f"/log/{NAME}", "-format", "TEXT"])


def test_what_comes_after_many_megabytes_is_found_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.write(b"accuracy=0.25\n")
        for _ in range(LONGEST_LINE // LINE + 2):
            file.write(b"a" * LINE + b"\n")
        file.write(b"accuracy=0.5")
    tracemalloc.start()
    try:
        found, parts = read_metrics(tmp_path, ARGUMENTS)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.value for one in found] == ["0.25", "0.5"]
    assert parts == 0
    assert most < 16 * LINE


def test_a_line_that_is_longer_than_one_may_be_is_read_in_parts(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.write(b"accuracy=0.25 ")
        file.seek(LONGEST_LINE + LINE)  # zeros, that take no room
        file.write(b" accuracy=0.5\n")
    found, parts = read_metrics(tmp_path, ARGUMENTS)
    assert [one.value for one in found] == ["0.25", "0.5"]
    assert parts == 1


def test_an_event_that_is_too_long_is_not_passed_over(tmp_path: Path) -> None:
    length = 257 << 20
    with (tmp_path / "events.out.tfevents.1").open("wb") as file:
        file.write(struct.pack("<QI", length, 0))
        file.truncate(12 + length + 4)
    with pytest.raises(CollectError, match=f"an event has {length} bytes"):
        read_events(tmp_path, "/log", ["accuracy"])
