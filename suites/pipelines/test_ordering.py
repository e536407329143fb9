"""Tasks that exchange nothing run one after another where `.after` says so.

The tasks meet on a volume: each appends its name to a file, the first ones after a while, and
returns the names that it found. So the order is read from what the tasks did, not from clocks of
nodes or from what the cluster says about itself. A mesh may send a submission twice, and both runs
are given the same volume: a name stands beside the run that wrote it.
"""

import kfp.kubernetes
import pytest
from kfp import dsl

from pytest_kubeflow import PipelineRun, SeededVolume


@dsl.component(base_image="python:3.11")
def sign(run: str, name: str, pause: float) -> list:  # type: ignore[type-arg]  # a type of KFP
    """Return this run's names in the file, and add `name` to it after `pause` seconds."""
    import pathlib
    import time

    book = pathlib.Path("/data/order.txt")
    lines = [line.split() for line in book.read_text().splitlines()]
    time.sleep(pause)
    with book.open("a") as file:
        file.write(f"{run} {name}\n")
    return [line[1] for line in lines if line[0] in {"all", run}]


@dsl.pipeline(name="sign-in-order")
def sign_in_order(pvc_name: str) -> None:
    """Three tasks with no data between them; the slower one comes first."""
    run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
    first = sign(run=run, name="first", pause=1.0).set_display_name("first")
    second = sign(run=run, name="second", pause=0.5).set_display_name("second").after(first)
    third = sign(run=run, name="third", pause=0.0).set_display_name("third").after(second)
    for task in (first, second, third):
        kfp.kubernetes.mount_pvc(task, pvc_name=pvc_name, mount_path="/data")


@pytest.mark.kf_pipeline(
    sign_in_order, arguments={"pvc_name": SeededVolume({"order.txt": "all start\n"})}
)
def test_after_orders_tasks(pipeline_run: PipelineRun) -> None:
    """Tasks that `.after` orders run in that order."""
    assert pipeline_run.task("first").output == ["start"]
    assert pipeline_run.task("second").output == ["start", "first"]
    assert pipeline_run.task("third").output == ["start", "first", "second"]
    book = pipeline_run.volume("pvc_name").read_text("order.txt")
    lines = [line.split() for line in book.splitlines()]
    names = [line[1] for line in lines if line[0] in {"all", pipeline_run.run_id}]
    assert names == ["start", "first", "second", "third"]
