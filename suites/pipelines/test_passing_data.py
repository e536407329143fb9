"""Parameters of every kind, and artifacts with their metadata, go from task to task unchanged."""

from typing import NamedTuple

import pytest
from kfp import dsl

from pytest_kubeflow import PipelineRun

TEXT = "Übung \"quoted\" {braces} $HOME 'x'\nsecond line\ttab"
LIST = [1, 2.5, "three", True, None, [4, 5]]
DICT = {"nested": {"list": [1, 2, 3], "flag": False}, "größe": 1.5, "empty": {}}


@dsl.component(base_image="python:3.11")
def hand_on(
    text: str,
    count: int,
    ratio: float,
    flag: bool,
    items: list,  # type: ignore[type-arg]
    mapping: dict,  # type: ignore[type-arg]
) -> NamedTuple(  # type: ignore[valid-type]
    "Values",
    [
        ("text", str),
        ("count", int),
        ("ratio", float),
        ("flag", bool),
        ("items", list),
        ("mapping", dict),
    ],
):
    """Return what came in."""
    from typing import NamedTuple

    names = ["text", "count", "ratio", "flag", "items", "mapping"]
    values = NamedTuple("Values", [(name, object) for name in names])  # type: ignore[misc]
    return values(text, count, ratio, flag, items, mapping)  # type: ignore[call-arg]


@dsl.component(base_image="python:3.11")
def kinds(
    text: str,
    count: int,
    ratio: float,
    flag: bool,
    items: list,  # type: ignore[type-arg]
    mapping: dict,  # type: ignore[type-arg]
) -> dict:  # type: ignore[type-arg]
    """Return the Python type that each parameter has inside a task, and the text as it came."""
    return {
        "text": type(text).__name__,
        "count": type(count).__name__,
        "ratio": type(ratio).__name__,
        "flag": type(flag).__name__,
        "items": type(items).__name__,
        "mapping": type(mapping).__name__,
        "first item": type(items[0]).__name__,
        "value of text": text,
    }


@dsl.pipeline(name="passing-parameters")
def passing_parameters(
    text: str,
    count: int,
    ratio: float,
    flag: bool,
    items: list,  # type: ignore[type-arg]
    mapping: dict,  # type: ignore[type-arg]
) -> None:
    """Pass each kind of parameter through two tasks."""
    first = hand_on(
        text=text, count=count, ratio=ratio, flag=flag, items=items, mapping=mapping
    ).outputs
    again = hand_on(**first).set_display_name("again").outputs
    kinds(**again)


@pytest.mark.kf_pipeline(
    passing_parameters,
    arguments={
        "text": TEXT,
        "count": 7,
        "ratio": 0.125,
        "flag": True,
        "items": LIST,
        "mapping": DICT,
    },
)
def test_parameters_keep_value_and_kind(pipeline_run: PipelineRun) -> None:
    """Parameters of all types go from task to task unchanged."""
    outputs = pipeline_run.task("again").outputs
    wanted = {
        "text": TEXT,
        "count": 7,
        "ratio": 0.125,
        "flag": True,
        "items": LIST,
        "mapping": DICT,
    }
    wrong = [name for name in wanted if outputs.get(name) != wanted[name]]
    came, due = ({name: each.get(name) for name in wrong} for each in (outputs, wanted))
    message = f"task again of run {pipeline_run.name} gave {came}, {due} expected"
    assert outputs == wanted, message
    assert isinstance(outputs["count"], int)
    assert outputs["flag"] is True
    assert pipeline_run.task("kinds").output == {
        "text": "str",
        "count": "int",
        "ratio": "float",
        "flag": "bool",
        "items": "list",
        "mapping": "dict",
        "first item": "int",
        "value of text": TEXT,
    }


@dsl.component(base_image="python:3.11")
def make_points(rows: int, points: dsl.Output[dsl.Dataset]) -> None:
    """Write `rows` points of the line y = 3 x + 2 as CSV."""
    with open(points.path, "w") as file:
        file.writelines(f"{x},{3 * x + 2}\n" for x in range(rows))
    points.metadata["rows"] = rows
    points.metadata["line"] = "y = 3 x + 2"


@dsl.component(base_image="python:3.11")
def fit_line(points: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]) -> dict:  # type: ignore[type-arg]
    """Fit a line by least squares; return the metadata that came with the points."""
    import json

    with open(points.path) as file:
        pairs = [tuple(map(float, line.split(","))) for line in file]
    mean_x = sum(x for x, _ in pairs) / len(pairs)
    mean_y = sum(y for _, y in pairs) / len(pairs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / sum(
        (x - mean_x) ** 2 for x, _ in pairs
    )
    with open(model.path, "w") as file:
        json.dump({"slope": slope, "intercept": mean_y - slope * mean_x}, file)
    model.metadata["framework"] = "plain Python"
    model.metadata["points"] = len(pairs)
    return dict(points.metadata)


@dsl.component(base_image="python:3.11")
def predict(x: float, model: dsl.Input[dsl.Model]) -> float:
    """Return the model's y at `x`."""
    import json

    with open(model.path) as file:
        line = json.load(file)
    print("framework:", model.metadata["framework"])  # noqa: T201 the log is part of the test
    return float(line["slope"] * x + line["intercept"])


@dsl.pipeline(name="passing-artifacts")
def passing_artifacts(rows: int, x: float) -> float:
    """Dataset, model, prediction: each made by one task and read by the next."""
    points = make_points(rows=rows).outputs["points"]
    fitting = fit_line(points=points)
    return predict(x=x, model=fitting.outputs["model"]).output


@pytest.mark.kf_pipeline(passing_artifacts, arguments={"rows": 50, "x": 100.0})
def test_artifacts_keep_content_and_metadata(pipeline_run: PipelineRun) -> None:
    """Artifacts go from task to task with their content and metadata."""
    assert pipeline_run.task("predict").output == pytest.approx(302.0)
    points = pipeline_run.task("make-points").artifacts["points"]
    assert points.type == "system.Dataset"
    assert (points.metadata["rows"], points.metadata["line"]) == (50, "y = 3 x + 2")
    model = pipeline_run.task("fit-line").artifacts["model"]
    assert model.type == "system.Model"
    assert (model.metadata["points"], model.metadata["framework"]) == (50, "plain Python")
    # Each where its own task of this run has put it.
    for task, artifact in (("make-points", points), ("fit-line", model)):
        assert f"/{pipeline_run.run_id}/{task}/" in artifact.uri
    metadata = pipeline_run.task("fit-line").outputs["Output"]
    assert metadata["rows"] == 50
    assert metadata["line"] == "y = 3 x + 2"
    assert "framework: plain Python" in pipeline_run.task("predict").log()
