"""A pipeline is submitted from inside of a notebook, with the token that a PodDefault gives it."""

import json
from typing import Any

import pytest

from pytest_kubeflow import (
    Callers,
    MetadataSource,
    NotebookCreator,
    PodDefaultMaker,
    SourceUnavailable,
    skip_for,
)

pytestmark = [pytest.mark.kf_requires("notebooks"), pytest.mark.kf_images("python:3.11", runs=True)]

SUBMIT = """
import json
import kfp
from kfp import dsl

@dsl.component(base_image="python:3.11")
def multiply(a: int, b: int) -> int:
    return a * b

@dsl.pipeline(name="from-a-notebook")
def from_a_notebook(a: int, b: int) -> int:
    return multiply(a=a, b=b).output

client = kfp.Client()
experiment = client.create_experiment({experiment!r}, namespace={namespace!r})
run = client.create_run_from_pipeline_func(
    from_a_notebook,
    arguments={{"a": 6, "b": 7}},
    experiment_name=experiment.display_name,
    namespace={namespace!r},
    enable_caching=False,
)
ended = client.wait_for_run_completion(run.run_id, timeout={timeout}, sleep_duration=1)
print(json.dumps({{"run": run.run_id, "state": str(ended.state)}}))
"""

REMOVE = """
client.delete_run(run.run_id)
client.delete_experiment(experiment.experiment_id)
"""


def test_a_pipeline_is_submitted_from_inside_and_waited_for(
    notebook: NotebookCreator,
    pod_default: PodDefaultMaker,
    kfp_client: Any,
    callers: Callers,
    kf_namespace: str,
) -> None:
    """A notebook submits a pipeline with its own token, and the result is right."""
    token = pod_default.pipelines()
    made = notebook(configurations=[token.label])
    where = made.execute("import os\nos.environ.get('KF_PIPELINES_SA_TOKEN_PATH')").result
    assert where, (
        f"PodDefault {token.name} is ignored: there is no KF_PIPELINES_SA_TOKEN_PATH in Notebook "
        f"{made.name}, which has its label"
    )
    code = SUBMIT.format(experiment=made.name, namespace=kf_namespace, timeout=300)
    found = json.loads(made.execute(code).stdout.strip().splitlines()[-1])
    try:
        assert found["state"] == "SUCCEEDED", found
        # What the notebook says is compared with what we see from outside, as ourselves.
        seen = kfp_client.get_run(found["run"])
        assert (seen.run_id, seen.state) == (found["run"], "SUCCEEDED")
        assert outputs(callers, found["run"]) == [42]
    finally:
        made.execute(REMOVE)


def outputs(callers: Callers, run_id: str) -> list[object]:
    """What the run's tasks returned, as ML Metadata has it."""
    try:
        tasks = MetadataSource(callers.owner().post).tasks(run_id)
    except SourceUnavailable as error:
        skip_for("records", f"the run succeeded, and what it returned cannot be read: {error}")
    return [value for task in tasks for value in task.outputs.values()]
