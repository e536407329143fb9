"""The lineage of a model in the report: what is known of it, drawn, and told beside it."""

from __future__ import annotations

from dataclasses import replace

from pytest_kubeflow.lineage.lineage import Lineage
from pytest_kubeflow.model_registry.registry import RegisteredVersion
from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.page.lineage import lineage_views
from pytest_kubeflow.reporting.records.lineage import LineageRecord, LineageStep
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Trend
from tests.reporting.page.sessions import session

NODEID = "suites/loop/test_lineage.py::test_it"
VERSION = RegisteredVersion(
    model="digits",
    name="v2",
    id="5",
    model_id="3",
    state="LIVE",
    uri="minio://mlpipeline/v2/artifacts/model",
    format="sklearn",
    properties={"accuracy": 0.9866},
)
LINEAGE = Lineage(
    service="kf-digits-1f",
    namespace="kubeflow-user",
    uri="s3://mlpipeline/v2/artifacts/model",
    version=VERSION,
    run_id="0a1b",
    run="digits-v2",
    pipeline="digits-loop",
    code="8f2c9e01ab34",
    task="train",
    image="python:3.11",
    data=(("data", "minio://mlpipeline/kf/train-2.csv"),),
)


def record(lineage: Lineage = LINEAGE) -> LineageRecord:
    return LineageRecord.of(lineage, lambda text: text)


def page_of(*lineages: LineageRecord) -> SessionRecord:
    test = TestRecord(NODEID, "loop", Outcome.PASSED, lineages=lineages)
    return session([test], took=60.0)


def test_steps_lead_from_data_and_code_to_the_service() -> None:
    steps = record().steps
    assert [step.kind for step in steps] == ["data", "code", "task", "model", "version", "service"]
    assert [step.after for step in steps] == [(), (), (0, 1), (2,), (3,), (4,)]
    assert steps[0].name == "train-2.csv"
    assert "uri: minio://mlpipeline/kf/train-2.csv" in steps[0].facts
    assert "accuracy: 0.9866" in steps[4].facts


def test_what_is_not_known_has_no_step() -> None:
    bare = Lineage("s", "n", uri="s3://b/m", gaps=("ML Metadata does not tell who wrote it",))
    found = record(bare)
    assert [step.kind for step in found.steps] == ["model", "service"]
    assert found.gaps == bare.gaps
    assert [step.kind for step in record(Lineage("s", "n")).steps] == ["service"]


def test_the_picture_and_the_table_say_the_same() -> None:
    test = page_of(record(), record()).tests[0]
    (view,) = lineage_views([test], {NODEID: "test-1"})
    assert len(view.boxes) == len(view.rows) == 6
    assert len(view.edges) == 5
    for box, row in zip(view.boxes, view.rows, strict=True):
        assert box.word == row.word
        assert 0 <= box.x <= view.width - box.width
        assert 0 <= box.y <= view.height - box.height
        assert row.name in box.message
        assert row.name in view.described
    assert view.rows[2].after == "train-2.csv, digits-loop"
    assert view.tests == (("test-1", "test_lineage.py::test_it"),)


def test_it_is_on_the_page_with_its_gaps() -> None:
    html = render(page_of(record(replace(LINEAGE, gaps=("nobody knows <why>",)))), Trend())
    assert '<h2 id="lineages">Lineage</h2>' in html
    assert "trained by train" in html
    assert "nobody knows &lt;why&gt;" in html
    assert "registered as" in html
    assert 'id="lineages"' not in render(page_of(), Trend())


def test_steps_that_follow_themselves_or_nothing_do_no_harm() -> None:
    odd = (LineageStep("task", "a", after=(0, 1, 9)), LineageStep("else", "b", after=(0,)))
    test = page_of(LineageRecord("s", "n", odd)).tests[0]
    (view,) = lineage_views([test], {})
    assert len(view.boxes) == 2
    assert view.rows[1].word == "else"


def test_it_travels_through_the_json(tmp_path: object) -> None:
    from pytest_kubeflow.reporting.records.document import dump, parse

    whole = page_of(record())
    assert parse(dump(whole), "it").tests[0].lineages == (record(),)
