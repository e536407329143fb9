"""Events of Trainer: 2.2 writes them by events.k8s.io, 2.1 by the older API."""

from __future__ import annotations

from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.training.release import Release

_CONTROLLER = "trainer-trainjob-controller"


class TrainerEvents:
    """Warnings about TrainJobs."""

    def __init__(self, client: KubeClient, release: Release) -> None:
        action = "Reconciling" if release.newer_events else ""
        self._recorder = EventRecorder(client, _CONTROLLER, action=action)

    async def warn(self, trainjob: Object, reason: str, message: str) -> None:
        """Tell what went wrong."""
        await self._recorder.event(trainjob, "Warning", reason, message)
