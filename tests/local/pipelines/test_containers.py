"""Container components: what their commands become, and what their output files mean."""

from __future__ import annotations

import re
from datetime import datetime

from pytest_kubeflow.pipelines.runs.last_words import component_words
from tests.local.pipelines.containers import commands, composed, kinds, output_files
from tests.local.pipelines.flows import placeholders
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member

COUNT = "{{$.inputs.parameters['count']}}"
TEXT = (
    "{{$.inputs.parameters['other']}} {{$.pipeline_job_name}} $HOME $(NO_SUCH) \"q\" \\ 'a'\nline"
)


def printed(log: str) -> str:
    """What the component printed, without the launcher's own lines."""
    text = component_words(log)
    return text[text.index("<") : text.rindex(">") + 1]


def test_clauses_are_resolved(member: Member) -> None:
    run = member.run(commands, text="t")
    assert run.state == "SUCCEEDED", member.errors(run)
    printed_by = {
        task: printed(member.log(run.run_id, task)) for task in ("without", "with", "handed on")
    }
    assert printed_by == {
        "without": "<--text=t;><--no-maybe><n=0.5><plain>",
        "with": "<--text=t;><--maybe><yes><n=3><plain>",
        "handed on": "<--text=t;><--no-maybe><n=0.5><plain>",
    }


def test_an_optional_input_of_the_pipeline_is_handed_on(member: Member) -> None:
    run = member.run(commands, text="t", maybe="perhaps")
    assert "<--maybe><perhaps>" in member.log(run.run_id, "handed on")


def test_values_reach_the_command_unchanged(member: Member) -> None:
    run = member.run(
        kinds,
        text=f"{COUNT} {TEXT}",
        count=7,
        ratio=1e-7,
        flag=True,
        items=[1, "a"],
        mapping={"b": 1, "a": []},
    )
    assert run.state == "SUCCEEDED", member.errors(run)
    log = printed(member.log(run.run_id, "show"))
    # Numbers as Go's `%g` writes them, keys in their order. A value that looks like a placeholder
    # is one: it has its turn after it has come into the command.
    assert log == f'<7 {TEXT}><7><1e-07><true><[1,"a"]><{{"a":[],"b":1}}>'


def test_kubernetes_expands_its_variables_in_values(member: Member) -> None:
    text = "$(NAMESPACE) $$(NAMESPACE) $$$$ $(KFP_STORE_SECRET_KEY)"
    run = member.run(kinds, text=text, count=7, ratio=1.0, flag=True, items=[], mapping={})
    assert run.state == "SUCCEEDED", member.errors(run)
    expanded = f"{member.namespace} $(NAMESPACE) $$ $(KFP_STORE_SECRET_KEY)"
    assert printed(member.log(run.run_id, "show")).startswith(f"<{expanded}><7>")


def test_argo_replaces_its_variables_in_values(member: Member) -> None:
    text = "{{workflow.name}} {{ workflow.namespace }} {{retries}} {{unknown}} {{$.colour}}"
    run = member.run(kinds, text=text, count=7, ratio=1.0, flag=True, items=[], mapping={})
    assert run.state == "SUCCEEDED", member.errors(run)
    workflow = member.pods(run.run_id)[0].metadata.labels["workflows.argoproj.io/workflow"]
    expected = f"<{workflow} {member.namespace} 0 {{{{unknown}}}} {{{{$.colour}}}}><7>"
    assert printed(member.log(run.run_id, "show")).startswith(expected)


def test_output_files_are_read_by_type(member: Member) -> None:
    found = member.succeed(output_files)["outputs"].outputs
    assert found == {
        "text": " two\nlines ",
        "count": 7,
        "ratio": 0.0015,
        "flag": True,
        "items": [1, "a", None],
        "mapping": {"k": [True]},
    }


def test_constants_are_composed_of_what_they_name(member: Member) -> None:
    run = member.run(composed, text=TEXT)
    assert run.state == "SUCCEEDED", member.errors(run)
    out = member.records(run.run_id)["join"].outputs["out"]
    # The run's own names are known where they are the whole constant, and not within one.
    assert out == f"before {TEXT} after+{{{{$.pipeline_job_name}}}}/{{{{$.pipeline_job_uuid}}}}"


def test_placeholders_of_the_run_and_the_task(member: Member) -> None:
    run = member.run(placeholders)
    assert run.state == "SUCCEEDED", member.errors(run)
    record = member.records(run.run_id)["told-names"]
    job, job_id, resource, task, task_id, created, scheduled = record.outputs["out"]
    assert (job, job_id, task) == (run.display_name, run.run_id, "told-names")
    assert re.fullmatch(r"placeholders-\w{5}", resource)
    (root,) = [one for one in executions(member, run.run_id) if not one["task_name"]]
    assert task_id == str(root["id"])  # the DAG around it, as the real driver has it
    for moment in (created, scheduled):
        assert abs(datetime.fromisoformat(moment) - run.created_at).total_seconds() < 5
