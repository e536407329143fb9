"""Tasks in their order: side by side where they can, nested as deep as they are."""

from __future__ import annotations

from tests.local.pipelines.member import Member
from tests.local.pipelines.programs import nested
from tests.local.pipelines.volumes import claim, four_at_once


def test_independent_tasks_run_side_by_side(member: Member) -> None:
    records = member.succeed(four_at_once, pvc=claim(member))
    assert len(records) == 4
    # Each has waited for the other three, so there was a moment when all of them ran.
    assert max(one.started or 0 for one in records.values()) < min(
        one.ended or 0 for one in records.values()
    )


def test_outputs_come_up_through_nested_pipelines(member: Member) -> None:
    records = member.succeed(nested, x="v")
    assert {path: one.outputs for path, one in records.items() if not one.is_dag} == {
        "middle/innermost/join": {"out": "v+default"},
        "middle/innermost-2/join": {"out": "v+default+given"},
        "join": {"out": "v+default+given+v"},
    }
    assert {path for path, one in records.items() if one.is_dag} == {
        "middle",
        "middle/innermost",
        "middle/innermost-2",
    }
    assert {one.state for one in records.values()} == {"SUCCEEDED"}
