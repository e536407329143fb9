"""SessionRuns: where a RunWatcher learns of the runs of one session, all in one experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.pipelines.client import calling, recent_runs
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WORKFLOWS

_PERSISTED = "pipeline/persistedFinalState"
_WATCH_SECONDS = 300


class SessionRuns:
    """A RunSource. `client` is a kfp.Client; without `kubernetes` there is no watch."""

    def __init__(
        self,
        client: Any,
        experiment: Experiment,
        *,
        kubernetes: KubernetesClient | None,
        namespace: str,
    ) -> None:
        self._client = client
        self._experiment = experiment
        self._kubernetes = kubernetes
        self._namespace = namespace

    def recent(self, count: int) -> list[RunView]:
        """The youngest runs of the experiment."""
        return recent_runs(self._client, experiment_id=self._experiment.id, count=count)

    def view(self, run_id: str) -> RunView:
        """What the API says of a run now."""
        with calling(f"read run {run_id}"):
            return RunView.of(self._client.get_run(run_id), asked=run_id)

    def open_watch(self) -> Callable[[], Any] | None:
        """Opens a watch on all Workflows of KFP in the namespace."""
        if self._kubernetes is None:
            return None
        kubernetes = self._kubernetes
        group, version, plural = WORKFLOWS
        return lambda: kubernetes.custom.list_namespaced_custom_object(
            group,
            version,
            self._namespace,
            plural,
            # The persistence agent labels those whose end it has told the API.
            label_selector=f"{RUN_ID},!{_PERSISTED}",
            watch=True,
            timeout_seconds=_WATCH_SECONDS,
            _preload_content=False,
            _request_timeout=(10.0, _WATCH_SECONDS + 10.0),
        )
