"""Training: its operators, put together for a cluster of our own."""

from __future__ import annotations

from functools import partial

from starlette.types import ASGIApp

from pytest_kubeflow.local.controllers.manager import ControllerFactory
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.resources import CLUSTER_TRAINING_RUNTIMES, TRAINING_RUNTIMES
from pytest_kubeflow.local.training.jobset.controller import JobSetController
from pytest_kubeflow.local.training.jobset.webhook import jobset_webhooks
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.trainer.controller import TrainJobController
from pytest_kubeflow.local.training.trainer.inuse import RuntimeController
from pytest_kubeflow.local.training.trainer.webhook import TrainerWebhooks


class Training:
    """Trainer and JobSet, each of which works while it has a pod."""

    def __init__(
        self, release: Release, faults: Faults, *, trainer: Presence, jobset: Presence
    ) -> None:
        self.release = release
        self._faults = faults
        self._trainer = trainer
        self._jobset = jobset

    def controllers(self) -> list[ControllerFactory]:
        """For a manager of controllers."""
        release, faults = self.release, self._faults
        return [
            partial(JobSetController, release=release, faults=faults, presence=self._jobset),
            partial(TrainJobController, release=release, faults=faults, presence=self._trainer),
            *(
                partial(RuntimeController, resource=one, presence=self._trainer)
                for one in (TRAINING_RUNTIMES, CLUSTER_TRAINING_RUNTIMES)
            ),
        ]

    def trainer_webhooks(self, client: KubeClient) -> ASGIApp:
        """Of TrainJobs and runtimes."""
        return TrainerWebhooks(client, self.release).app

    def jobset_webhooks(self, _client: KubeClient) -> ASGIApp:
        """Of JobSets and their pods."""
        return jobset_webhooks(self.release, self._faults)
