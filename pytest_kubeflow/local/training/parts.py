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
from pytest_kubeflow.local.training.operator.controller import JobController
from pytest_kubeflow.local.training.operator.framework import Framework
from pytest_kubeflow.local.training.operator.mpi import MpiFramework
from pytest_kubeflow.local.training.operator.pytorch import PyTorchFramework
from pytest_kubeflow.local.training.operator.tensorflow import TensorFlowFramework
from pytest_kubeflow.local.training.operator.webhook import operator_webhook
from pytest_kubeflow.local.training.settings import TrainingSettings
from pytest_kubeflow.local.training.trainer.controller import TrainJobController
from pytest_kubeflow.local.training.trainer.inuse import RuntimeController
from pytest_kubeflow.local.training.trainer.webhook import TrainerWebhooks

FRAMEWORKS: tuple[Framework, ...] = (PyTorchFramework(), TensorFlowFramework(), MpiFramework())
"""The kinds of jobs that the older operator has here."""


class Training:
    """Its operators, each of which works while it has a pod."""

    def __init__(
        self,
        settings: TrainingSettings,
        faults: Faults,
        *,
        trainer: Presence,
        jobset: Presence,
        operator: Presence,
    ) -> None:
        self.settings = settings
        self._faults = faults
        self._operator = operator
        self._trainer = trainer
        self._jobset = jobset

    def controllers(self) -> list[ControllerFactory]:
        """For a manager of controllers."""
        release, faults = self.settings.release, self._faults
        return [
            partial(JobSetController, release=release, faults=faults, presence=self._jobset),
            partial(TrainJobController, release=release, faults=faults, presence=self._trainer),
            *(
                partial(RuntimeController, resource=one, presence=self._trainer)
                for one in (TRAINING_RUNTIMES, CLUSTER_TRAINING_RUNTIMES)
            ),
            *(
                partial(JobController, framework=one, faults=faults, presence=self._operator)
                for one in (FRAMEWORKS if self.settings.operator else ())
            ),
        ]

    def trainer_webhooks(self, client: KubeClient) -> ASGIApp:
        """Of TrainJobs and runtimes."""
        return TrainerWebhooks(client, self.settings.release, self._faults).app

    def jobset_webhooks(self, _client: KubeClient) -> ASGIApp:
        """Of JobSets and their pods."""
        return jobset_webhooks(self.settings.release, self._faults)

    def operator_webhook(self, _client: KubeClient) -> ASGIApp:
        """Of jobs of the older operator."""
        return operator_webhook()
