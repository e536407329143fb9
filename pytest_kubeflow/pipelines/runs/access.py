"""RunAccess: what runs in one namespace are asked with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.pipelines.client import calling
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.outputs.source import OutputSource, SourceUnavailable, TaskRecord
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.logs import PodLogs
from pytest_kubeflow.pipelines.runs.reasons import Reasons
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.task import merge
from pytest_kubeflow.pipelines.tasks.workflow_nodes import read_nodes
from pytest_kubeflow.pipelines.verification import Reading
from pytest_kubeflow.waiting import Deadline


@dataclass(frozen=True)
class RunAccess:
    """What runs in one namespace are asked with. `client` is a kfp.Client.

    The sources of outputs are tried in order. `timeout` is the longest wait in seconds; no wait
    goes past the `deadline` of the whole session.
    """

    client: Any
    namespace: str
    sources: tuple[OutputSource, ...]
    logs: PodLogs
    kubernetes: KubernetesClient | None
    url_of: Callable[[str], str]
    watcher: RunWatcher
    timeout: float = 600.0
    deadline: Deadline | None = None
    deleted: Callable[[str, str], None] = lambda _pipeline, _run_id: None
    """Is told each run that was deleted: its pipeline's name, and its id."""

    def bounded(self, deadline: Deadline) -> Deadline:
        """That one, or the session's if it is sooner."""
        session = self.deadline
        return session if session is not None and session.at < deadline.at else deadline

    def view(self, run_id: str) -> RunView:
        """What the API says of a run now."""
        with calling(f"read run {run_id}"):
            return RunView.of(self.client.get_run(run_id), asked=run_id)

    def document(self, run_id: str) -> Any:
        """The API's own JSON of a run."""
        with calling(f"read run {run_id}"):
            return json.loads(
                self.client._run_api.run_service_get_run(run_id, _preload_content=False).data
            )

    def version_package(self, pipeline_id: str, version_id: str) -> Package:
        """What an uploaded version holds now."""
        with calling(f"read version {version_id}"):
            version = self.client.get_pipeline_version(pipeline_id, version_id)
        return Package.of_api(version.pipeline_spec or {})

    def read_tasks(self, view: RunView, package: Package | None) -> Reading:
        """The tasks of a run, from the first source that tells them.

        Raises KubeflowError if none does.
        """
        refusals: list[str] = []

        def reading(records: Sequence[TaskRecord], *, complete: bool) -> Reading:
            tasks = merge(
                package,
                records,
                view.details,
                run_state=view.state,
                read_log=lambda task: self.logs.read(task.pod_name, view.run_id),
                unread="; ".join(refusals),
            )
            return Reading(tasks, complete)

        for source in self.sources:
            try:
                records = source.tasks(view.run_id)
            except SourceUnavailable as error:
                refusals.append(str(error))
                continue
            return reading(records, complete=source.is_complete)
        if package is None:
            raise KubeflowError(
                f"nothing tells the tasks of run {view.name}: {'; '.join(refusals)}"
            )
        # The API itself tells how tasks stand, and no outputs.
        return reading((), complete=False)

    def reasons(self, run_id: str) -> Reasons:
        """What its Workflow says of failures; nothing for who may not read it."""
        if self.kubernetes is None:
            return Reasons()
        try:
            nodes = read_nodes(self.kubernetes, self.namespace, run_id)
        except KubeflowError:
            return Reasons()
        if nodes is None:
            return Reasons()
        return Reasons(nodes, lambda pod: self.logs.read(pod, run_id))
