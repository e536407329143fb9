"""Experiment: where a session's runs are; and what interrupted sessions left behind in KFP.

KFP's objects have no labels, so ours are in their descriptions, as `key=value`.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.ownership import Ownership, has_expired
from pytest_kubeflow.pipelines.client import calling, pages
from pytest_kubeflow.pipelines.states import FINAL_STATES
from pytest_kubeflow.pipelines.view import RunView

OURS = "pytest-kubeflow"
_LABEL = re.compile(r"([\w.-]+/[\w.-]+)=(\S+)")


def describe(ownership: Ownership) -> str:
    """The description of what we make in KFP, by which it is known as ours."""
    labels = " ".join(f"{key}={value}" for key, value in ownership.labels().items())
    return f"Of a pytest session, which removes it at its end. {labels}"


def labels_in(description: str | None) -> dict[str, str]:
    """The labels that `describe` has written."""
    return dict(_LABEL.findall(description or ""))


class Experiment:
    """The experiment of a session's runs: made with the first of them."""

    def __init__(self, client: Any, namespace: str | None, ownership: Ownership) -> None:
        self._client = client
        self._namespace = namespace
        self._description = describe(ownership)
        self._name = f"{OURS}-{uuid.uuid4().hex[:10]}"
        self._lock = threading.Lock()
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The experiment's id in KFP. Several threads may ask for it at once."""
        with self._lock:
            if self._id is None:
                # kfp looks for the name first, so a second attempt finds the first one's.
                with calling(f"create experiment {self._name}"):
                    made = self._client.create_experiment(
                        self._name, description=self._description, namespace=self._namespace
                    )
                self._id = str(made.experiment_id)
            return self._id

    def delete(self) -> None:
        """Remove it, if it was made at all."""
        if self._id is not None:
            with contextlib.suppress(NotFound), calling(f"delete experiment {self._name}"):
                self._client.delete_experiment(self.id)


def reap(client: Any, namespace: str | None, *, clock: Callable[[], float] = time.time) -> None:
    """Remove experiments with their runs, and pipelines, whose sessions' time is over.

    What cannot be listed or removed stays for the next session: this is no verdict on anything.
    """
    now = clock()
    with contextlib.suppress(KubeflowError):
        for experiment in list(pages(client.list_experiments, "experiments", namespace=namespace)):
            if has_expired(labels_in(experiment.description), now=now):
                _remove_experiment(client, experiment.experiment_id, namespace)
    with contextlib.suppress(KubeflowError):
        for pipeline in list(pages(client.list_pipelines, "pipelines", namespace=namespace)):
            if has_expired(labels_in(pipeline.description), now=now):
                remove_pipeline(client, pipeline.pipeline_id)


def remove_pipeline(client: Any, pipeline_id: str) -> None:
    """Remove a pipeline with its versions; what is gone already is fine."""
    with contextlib.suppress(NotFound):
        # KFP refuses to remove a pipeline that has versions.
        for version in list(pages(client.list_pipeline_versions, "pipeline_versions", pipeline_id)):
            with contextlib.suppress(NotFound), calling(f"delete version {version.display_name}"):
                client.delete_pipeline_version(pipeline_id, version.pipeline_version_id)
        with calling(f"delete pipeline {pipeline_id}"):
            client.delete_pipeline(pipeline_id)


def _remove_experiment(client: Any, experiment_id: str, namespace: str | None) -> None:
    # Without its runs they would stay, in no experiment.
    runs = pages(client.list_runs, "runs", experiment_id=experiment_id, namespace=namespace)
    for run in map(RunView.of, list(runs)):
        with contextlib.suppress(NotFound):
            if run.state not in FINAL_STATES:
                with calling(f"terminate run {run.name}"):
                    client.terminate_run(run.run_id)
            with calling(f"delete run {run.name}"):
                client.delete_run(run.run_id)
    with contextlib.suppress(NotFound), calling(f"delete experiment {experiment_id}"):
        client.delete_experiment(experiment_id)
