"""Importers: artifacts that were there before the run, and the workspace that they can go to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.pipelines.importing import (
    importing,
    importing_a_part,
    importing_nothing,
    importing_what_a_task_says,
    producing,
    through_workspace,
)
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member


def produced(member: Member, text: str) -> str:
    """The URI of a new artifact with this text."""
    return str(member.succeed(producing, text=text)["uri-of"].outputs["out"])


def artifact_of(record: Any) -> Any:
    return record.artifacts["artifact"]


def test_an_artifact_is_imported(member: Member) -> None:
    uri = produced(member, "content")
    run = member.run(importing, uri=uri, note="größe")
    assert run.state == "SUCCEEDED", member.errors(run)
    records = member.records(run.run_id)
    assert records["read"].outputs == records["read-2"].outputs == {"out": "content"}
    imported = artifact_of(records["importer"])
    assert (imported.uri, imported.type) == (uri, "system.Dataset")
    # What the SDK makes of an input of the importer is nobody's to fill in.
    assert imported.metadata["note"] == "{{$.inputs.parameters['metadata']}}"
    assert imported.metadata["rows"] == 3
    types = {one["type"] for one in executions(member, run.run_id)}
    assert "system.ImporterExecution" in types


@pytest.mark.parametrize(
    ("pipeline", "uri", "message"),
    [
        (importing_nothing, "no-scheme", "unsupported value type *structpb.Value_NullValue"),
        (importing_nothing, "", "empty artifact URI runtime value for parameter uri"),
        (importing_what_a_task_says, "x", "parent DAG does not have input parameter "),
        (importing_a_part, "x", "empty artifact URI runtime value for parameter uri"),
    ],
)
def test_importers_that_fail(member: Member, pipeline: Any, uri: str, message: str) -> None:
    run = member.run(pipeline, uri=uri)
    assert run.state == "FAILED"
    assert member.details(run.run_id)["importer"]["error"]["message"].endswith(message)


def test_an_artifact_without_a_scheme_is_refused(member: Member) -> None:
    run = member.run(importing, uri="no-scheme", note="x")
    assert run.state == "FAILED"
    details = member.details(run.run_id)
    assert details["importer"]["error"]["message"] == (
        "no provider scheme found in artifact URI: no-scheme"
    )


def test_an_artifact_that_is_not_there_fails_who_reads_it(member: Member) -> None:
    run = member.run(importing, uri="gs://elsewhere/file", note="x")
    assert run.state == "FAILED"
    found = member.details(run.run_id)["read"]["error"]["message"]
    assert "does not run any store but its own" in found


def test_a_run_has_a_workspace(member: Member) -> None:
    uri = produced(member, "for the workspace")
    run = member.run(through_workspace, uri=uri)
    assert run.state == "SUCCEEDED", member.errors(run)
    records = member.records(run.run_id)
    path, _, content = records["path-and-content"].outputs["out"].partition(" ")
    assert path.startswith("/kfp-workspace/.artifacts/")
    assert content == "for the workspace"
    assert records["find"].outputs["out"] == "left\n"
    claims = member.core.list_namespaced_persistent_volume_claim(member.namespace).items
    names = [one.metadata.name for one in claims if one.metadata.name.startswith("through-")]
    assert len(names) == 1
    member.kfp.delete_run(run.run_id)

    def gone() -> bool:
        left = member.core.list_namespaced_persistent_volume_claim(member.namespace).items
        return names[0] not in {one.metadata.name for one in left}

    member.until(gone, "the workspace to go with its run")
