"""Reports of tests that ran pipelines on the embedded cluster, in one process and in two."""

from __future__ import annotations

import json

import pytest

from .sessions import Session, run_session

PIPELINES = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def tell(text: str) -> str:
    print("told", text)
    return text

@dsl.component(base_image="python:3.11")
def refuse(text: str) -> str:
    print("asked to say", text)
    raise ValueError("refused")

@dsl.pipeline(name="telling")
def telling(text: str) -> str:
    first = tell(text=text)
    return tell(text=first.output).output

@dsl.pipeline(name="refusing")
def refusing(text: str) -> str:
    return refuse(text=text).output
"""

TESTS = """
import pytest
from pipelines import refusing, telling

@pytest.fixture(autouse=True)
def planted(kf_cluster):
    kf_cluster.redactor.add("correct-horse-battery")

@pytest.mark.kf_pipeline(telling, arguments={"text": "a <b> & c"})
def test_passes(pipeline_run):
    assert pipeline_run.outputs["Output"] == "a <b> & c"

@pytest.mark.kf_pipeline(telling, arguments={"text": "correct-horse-battery"})
def test_wrong(pipeline_run):
    assert pipeline_run.outputs["Output"] == "something else"

@pytest.mark.kf_pipeline(refusing, arguments={"text": "correct-horse-battery"})
def test_ends_before_it_begins(pipeline_run):
    pass

def test_ends_inside(run_pipeline):
    run_pipeline(telling, arguments={"text": "fine"})
    run_pipeline(refusing, arguments={"text": "never"})
"""

FAILED = {
    "test_wrong": "--- log of tell-2",
    "test_ends_before_it_begins": "ValueError: refused",
    "test_ends_inside": "ValueError: refused",
}


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["one process", "two workers"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    files = {"pipelines.py": PIPELINES, "test_pipelines.py": TESTS}
    folder = tmp_path_factory.mktemp("embedded")
    return run_session(folder, files, "--kf-host=local", *request.param, reports=True)


def test_outcomes(told: Session) -> None:
    assert told.outcomes == {"failed": 3, "passed": 1}
    assert told.code == pytest.ExitCode.TESTS_FAILED


def test_the_environment_table_has_the_cluster(told: Session) -> None:
    facts = told.page["environment"]["Kubeflow"]
    assert facts["gateway"].startswith("http://")
    assert facts["mode"] == "multi-user"
    assert facts["user"] == "user@example.com"
    assert "pipelines" in facts["components"].split(", ")
    assert facts["Kubernetes"].startswith("v1.")
    assert facts["Kubeflow Pipelines"].startswith("2.")
    assert facts["storage classes"].split(", ")[0] == "standard"
    assert "not to be read" not in str(facts)


def test_a_passed_run_is_told_with_its_outputs(told: Session) -> None:
    found = dict(told.properties("test_passes"))
    (table,) = told.extras("test_passes", "html")
    (link,) = told.extras("test_passes", "url")
    assert found["kubeflow.run.id"] in table
    assert link.endswith(f"#/runs/details/{found['kubeflow.run.id']}")
    assert found["kubeflow.run.name"].startswith("telling-")
    assert found["kubeflow.run.state"] == "SUCCEEDED"
    assert json.loads(found["kubeflow.run.outputs"]) == {"Output": "a <b> & c"}
    assert table.count("a &lt;b&gt; &amp; c") == 3
    tasks = json.loads(found["kubeflow.run.tasks"])
    assert [task["name"] for task in tasks] == ["tell", "tell-2"]
    assert all(task["seconds"] > 0 for task in tasks)
    assert "kubeflow.run.gaps" not in found


@pytest.mark.parametrize("test", FAILED)
def test_a_failure_has_state_events_and_log_once_everywhere(told: Session, test: str) -> None:
    suffix = "-2" if test == "test_ends_inside" else ""
    found = dict(told.properties(test))
    title = "run {} ({})".format(
        found[f"kubeflow.run{suffix}.name"], found[f"kubeflow.run{suffix}.id"]
    )
    for text in (told.section(test), told.failure(test), told.row(test)["log"]):
        assert text.count(title) == 1
        evidence = text.partition(title)[2]
        for heading in ("--- state", "--- tasks", "--- events", FAILED[test]):
            assert heading in evidence


def test_each_run_of_a_failed_test_is_told(told: Session) -> None:
    first, second = told.extras("test_ends_inside", "html")
    assert "SUCCEEDED" in first
    assert "FAILED" in second
    found = dict(told.properties("test_ends_inside"))
    for prefix in ("kubeflow.run", "kubeflow.run-2"):
        assert told.failure("test_ends_inside").count(f"({found[f'{prefix}.id']})") == 1


def test_no_secret_of_an_output_or_a_log_is_in_any_report(told: Session) -> None:
    assert dict(told.properties("test_wrong"))["kubeflow.run.outputs"] == '{"Output": "***"}'
    assert "told ***" in told.failure("test_wrong")
    assert "asked to say ***" in told.failure("test_ends_before_it_begins")
    for text in (told.stdout, told.html, told.xml):
        assert "correct-horse" not in text
