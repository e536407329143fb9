"""Runs that no cluster has: a PipelineRun over an API, a source of tasks and logs made of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable, TaskRecord
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.logs import PodLogs
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.verification import Submitted

RUN_ID = "8420e4c3-be7a-4f05-bb40-cccd9e087743"
NAME = "pythagorean-145604e8"
URL = "https://kubeflow.example/_/pipeline/?ns=team&x=1#/runs/details/" + RUN_ID

PACKAGE = Package(
    {
        "pipelineInfo": {"name": "pythagorean"},
        "components": {
            name: {
                "executorLabel": name,
                "outputDefinitions": {"parameters": {"Output": {"parameterType": kind}}},
            }
            for name, kind in (("comp-square", "NUMBER_DOUBLE"), ("comp-tell", "STRING"))
        },
        "root": {
            "dag": {
                "tasks": {
                    "square": {"componentRef": {"name": "comp-square"}},
                    "tell": {"componentRef": {"name": "comp-tell"}},
                },
                "outputs": {
                    "parameters": {
                        "Output": {
                            "valueFromParameter": {
                                "producerSubtask": "square",
                                "outputParameterKey": "Output",
                            }
                        }
                    }
                },
            }
        },
    }
)


def task(
    name: str, output: Any = None, *, state: str = "SUCCEEDED", start: float = 0
) -> TaskRecord:
    """A task that began `start` seconds after the run and took two."""
    return TaskRecord(
        name,
        (name,),
        state,
        pod_name=f"pod-of-{name}",
        started=1_764_000_000.0 + start,
        ended=1_764_000_002.0 + start,
        outputs={} if output is None else {"Output": output},
    )


@dataclass
class Fake:
    """What the fake cluster knows, and how often it was asked. Errors are raised when asked."""

    state: str | Exception = "SUCCEEDED"
    tasks: Sequence[TaskRecord] | Exception = (task("square", 9), task("tell", "told", start=1))
    logs: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = URL

    def run(self) -> PipelineRun:
        """A run that knows of its state already, if the cluster tells it."""
        first = self.state if isinstance(self.state, str) else "RUNNING"
        source = SimpleNamespace(name="fake", is_complete=True, tasks=self._tasks)
        return PipelineRun(
            RunAccess(
                client=SimpleNamespace(get_run=self._get_run),
                namespace="team",
                sources=(source,),
                logs=cast(PodLogs, SimpleNamespace(read=self._log)),
                kubernetes=None,
                url_of=lambda _: self.url,
                watcher=cast(RunWatcher, SimpleNamespace(forget=lambda _: None)),
            ),
            RunView(RUN_ID, NAME, first),
            Submitted(PACKAGE),
        )

    def _ask(self, what: str) -> None:
        self.asked.append(what)

    def _get_run(self, run_id: str) -> Any:
        self._ask("state")
        if isinstance(self.state, Exception):
            raise self.state
        found = {"run_id": run_id, "display_name": NAME, "state": self.state}
        return SimpleNamespace(to_dict=lambda: found)

    def _tasks(self, _run_id: str) -> list[TaskRecord]:
        self._ask("tasks")
        if isinstance(self.tasks, Exception):
            raise self.tasks
        return list(self.tasks)

    def _log(self, pod: str, _run_id: str) -> str:
        self._ask(f"log of {pod}")
        if pod not in self.logs:
            raise NotFound(f"no log of pod {pod}")
        return self.logs[pod]


def dead() -> Fake:
    """Nothing answers any more."""
    error = ClusterUnreachable("nothing listens at kubeflow.example (connection refused)")
    return Fake(state=error, tasks=SourceUnavailable("ML Metadata answers 503"))
