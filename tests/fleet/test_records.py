"""What a fleet comes to, and how its page shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_kubeflow.fleet.page import document, render
from pytest_kubeflow.fleet.records import FleetRecord, TargetRecord, target_record


def fleet(*codes: int) -> FleetRecord:
    targets = [
        TargetRecord(
            f"t{at}<b>",
            f"t{at}",
            code,
            "degraded" if code else "fit",
            "so it is",
            causes=("<script>",),
        )
        for at, code in enumerate(codes)
    ]
    return FleetRecord(tuple(targets), 1.0, 2.0)


@pytest.mark.parametrize(
    ("codes", "wanted"), [((0, 0), 0), ((0, 78), 78), ((1, 1, 0), 1), ((2, 78), 1), ((4,), 4)]
)
def test_the_exit_code(codes: tuple[int, ...], wanted: int) -> None:
    assert fleet(*codes).exit_code == wanted


def test_the_page_escapes_what_clusters_say() -> None:
    page = render(fleet(0, 1))
    assert "<script" not in page
    assert "t0<b>" not in page
    assert "Degraded" in page
    assert json.loads(document(fleet(0, 1)))["exit_code"] == 1
    assert "All 2 clusters are green." in render(fleet(0, 0))


def test_a_session_that_left_no_document(tmp_path: Path) -> None:
    (tmp_path / "output.log").write_text("x\nERROR: --kf-host: is wrong\n\n")
    found = target_record("a", tmp_path, 4)
    assert (found.state, found.sentence) == ("unknown", "--kf-host: is wrong")
    assert found.reports == ("output.log",)
    assert "Unknown" in render(FleetRecord((found,), 1.0, 2.0))
    assert target_record("a", tmp_path / "none", 137).sentence == "it said nothing"
