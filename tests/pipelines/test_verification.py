"""What `wait` makes of a run that has ended: terminated ones, and those that are another run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError, RunFailed, RunMismatch
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable, TaskRecord
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.logs import PodLogs
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.verification import Submitted
from suites.pipelines.pythagorean import pythagorean
from suites.pipelines.test_upload import sum_of_squares

ROOT = compile_pipeline(pythagorean).without_caching()
SUM = compile_pipeline(sum_of_squares).without_caching()
FOUR = [
    TaskRecord(name, (name,), "SUCCEEDED", outputs={"Output": 5.0})
    for name in ("square", "square-2", "add", "square-root")
]
SIDES = {"a": 3.0, "b": 4}


def ended(
    state: str = "SUCCEEDED",
    *,
    submitted: Submitted | None = None,
    tasks: Sequence[TaskRecord] | Exception = FOUR,
    again: Callable[[], Mapping[str, Any]] | None = None,
    version: Package | Exception = ROOT,
    **told: Any,
) -> PipelineRun:
    """A run that the API tells so of; `again` is what it tells when it is asked once more."""

    def read(_run_id: str) -> list[TaskRecord]:
        if isinstance(tasks, Exception):
            raise tasks
        return list(tasks)

    def get_run(_run_id: str) -> Any:
        assert again is not None
        answer = dict(again())
        return SimpleNamespace(to_dict=lambda: answer)

    def get_version(_pipeline_id: str, _version_id: str) -> Any:
        if isinstance(version, Exception):
            raise version
        return SimpleNamespace(pipeline_spec=version.pipeline_spec)

    base = {"run_id": "r", "display_name": "run-1", "state": state}
    client = SimpleNamespace(
        get_run=get_run, get_pipeline_version=get_version, terminate_run=lambda _: None
    )
    access = RunAccess(
        client=client,
        namespace="team",
        sources=(SimpleNamespace(name="fake", is_complete=True, tasks=read),),
        logs=cast(PodLogs, None),
        kubernetes=None,
        url_of=str,
        watcher=cast(RunWatcher, None),
    )
    return PipelineRun(
        access, RunView.of_json(base | told), submitted or Submitted(ROOT, SIDES, None)
    )


def telling(spec: Package = ROOT, **more: Any) -> dict[str, Any]:
    """What the API tells of the run."""
    return {"pipeline_spec": spec.pipeline_spec, "runtime_config": {"parameters": SIDES}, **more}


@pytest.mark.parametrize("state", ["CANCELED", "FAILED"])
def test_a_terminated_run_ends_as_its_backend_ends_it(state: str) -> None:
    run = ended(state, tasks=FOUR[:1], **telling())
    run.terminate()
    assert run.wait(expect="CANCELED").state == state
    with pytest.raises(RunFailed, match=f"run-1 was terminated and ended {state}, not SUCCEEDED"):
        run.wait()


def test_a_failure_is_no_cancellation_and_success_neither() -> None:
    with pytest.raises(RunFailed, match="run-1 ended FAILED, not CANCELED"):
        ended("FAILED", **telling()).wait(expect="CANCELED")
    run = ended(**telling())
    run.terminate()
    with pytest.raises(RunFailed, match="ended SUCCEEDED, not CANCELED"):
        run.wait(expect="CANCELED")


def test_a_run_as_submitted() -> None:
    run = ended(**telling()).wait()
    assert run.outputs == {"Output": 5.0}


def test_a_run_of_another_pipeline() -> None:
    run = ended(**telling(SUM))
    message = r"run run-1 is not the one that was submitted: root\."
    for _ in range(2):  # whoever asks again is told again
        with pytest.raises(RunMismatch, match=message):
            run.wait()
    with pytest.raises(RunMismatch, match=message):
        ended("FAILED", **telling(SUM)).wait(expect="FAILED")


def test_outputs_are_those_of_what_the_cluster_ran() -> None:
    """The pipeline that was submitted takes its output from another task."""
    run = ended(submitted=Submitted(SUM, SIDES), **telling())
    assert run.outputs == {"Output": 5.0}
    tasks = [one for one in FOUR if one.name != "square-root"]
    assert ended(submitted=Submitted(SUM, SIDES), tasks=tasks, **telling()).outputs == {}


def test_a_list_that_does_not_tell_the_pipeline() -> None:
    assert ended(again=lambda: {"run_id": "r", **telling()}).wait().state == "SUCCEEDED"
    with pytest.raises(RunMismatch):
        ended(again=lambda: {"run_id": "r", **telling(SUM)}).wait()


def test_what_nobody_tells_is_no_contradiction() -> None:
    def away() -> Mapping[str, Any]:
        raise ClusterUnreachable("away")

    silent = SourceUnavailable("no ML Metadata")
    assert ended(again=away, tasks=silent).wait().state == "SUCCEEDED"
    assert ended(again=lambda: {"run_id": "r"}, tasks=silent).wait().state == "SUCCEEDED"


VERSION = ("pipeline", "version")


def reference(version: str = "version") -> dict[str, Any]:
    return {
        "pipeline_version_reference": {"pipeline_id": "pipeline", "pipeline_version_id": version},
        "runtime_config": {"parameters": SIDES},
    }


def test_runs_of_uploaded_versions() -> None:
    asked = Submitted(ROOT, SIDES, VERSION)
    assert ended(submitted=asked, **reference()).wait().outputs == {"Output": 5.0}
    # It may be removed as soon as nobody needs it.
    gone = KubeflowError("404")
    assert ended(submitted=asked, version=gone, **reference()).wait().state == "SUCCEEDED"
    with pytest.raises(RunMismatch, match="it ran version other, not version"):
        ended(submitted=asked, **reference("other")).wait()
    with pytest.raises(RunMismatch, match=r"version version is not what was uploaded: root\."):
        ended(submitted=asked, version=SUM, **reference()).wait()
    with pytest.raises(RunMismatch, match="of an uploaded pipeline, not the package"):
        ended(**reference()).wait()


def test_a_version_that_ran_the_package_of_another() -> None:
    """Neither the reference nor the version tells: its tasks do."""
    asked = Submitted(SUM, SIDES, VERSION)
    with pytest.raises(RunMismatch, match="it ran a task square-root, which its pipeline does not"):
        ended(submitted=asked, version=SUM, **reference()).wait()
