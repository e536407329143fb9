"""Evidence of a cluster that takes connections and never answers: counted in connections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.remote import Remote, _clean_environment, remote

from .dying import dying

__all__ = ["_clean_environment", "remote"]

FAILURES = 4


@pytest.mark.parametrize("workers", [1, 2])
def test_silent_servers_are_asked_no_more(remote: Remote, tmp_path: Path, workers: int) -> None:
    options = ("--kf-json=report.json", "--kf-evidence-timeout=2s", "--kf-bundle=bundle")
    died = dying(remote, tmp_path, "stall", *options, count=FAILURES // 2, workers=workers)
    assert died.code == 1, died.output
    # Without a bound each failure has some ten, and those who follow runs have some of their own.
    # Workers of pytest-xdist, here one after another, count together.
    assert died.connections <= 6
    tests = json.loads((tmp_path / "report.json").read_text())["tests"]
    assert [one["outcome"] for one in tests] == ["failed"] * FAILURES
    last = tests[-1]
    found = [one["text"] for one in last["evidence"] if "not asked: " in one["text"]]
    assert len(found) == 1
    assert "the 2 s for which a session waits for evidence are spent" in found[0]
    assert [gap for run in last["runs"] for gap in run["gaps"] if "not asked: " not in gap] == []
    index = json.loads((tmp_path / "bundle" / last["bundle"] / "index.json").read_text())
    assert "test.txt" in index["files"]
    assert [gap["why"] for gap in index["missing"] if gap["why"].startswith("not asked: ")]
