"""Applications: what a platform has for people, each part of which works while its pod runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from pytest_kubeflow.local.apiserver.builtin.conversion import written_back
from pytest_kubeflow.local.controllers.manager import ControllerFactory
from pytest_kubeflow.local.controllers.profile import ProfileController
from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.exposure import Exposure
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import Mesh
from pytest_kubeflow.local.hosts import service_names
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import KubeClient, PatientClient
from pytest_kubeflow.local.kubelet import ImageCatalogue
from pytest_kubeflow.local.model_registry.parts import ModelRegistry
from pytest_kubeflow.local.notebooks.controllers import notebook_controllers
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.katib import KATIB_CONTROLLER
from pytest_kubeflow.local.platform.components.model_registry import MODEL_REGISTRY
from pytest_kubeflow.local.platform.components.notebooks import (
    NOTEBOOK_CONTROLLER,
    TENSORBOARD_CONTROLLER,
    VIEWER_CONTROLLER,
)
from pytest_kubeflow.local.platform.components.pipelines import PROFILE_PIECES
from pytest_kubeflow.local.platform.components.training import TRAINING_OPERATOR, jobset, trainer
from pytest_kubeflow.local.pvcviewers.controller import PVCViewerController
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.tensorboards.controller import TensorboardController
from pytest_kubeflow.local.training.parts import Training
from pytest_kubeflow.local.training.settings import TrainingSettings
from pytest_kubeflow.local.workflows.parts import ArgoWorkflows

IssueKeys = Callable[[str], Awaitable[tuple[str, str]]]
"""Gives a namespace's keys of the object store."""


class Applications:
    """Makes and starts applications of one cluster, whose pods are of `images`.

    On a cluster that is joined they work whatever runs there: pods that stand for them are shown by
    the kubelet itself.
    """

    def __init__(
        self, running: Running, control: ControlPlane, images: ImageCatalogue, faults: Faults
    ) -> None:
        self._running = running
        self._control = control
        self._images = images
        self._faults = faults

    def controllers(self, mesh: Mesh, issue_keys: IssueKeys) -> Iterator[ControllerFactory]:
        """The controllers of what people have on a platform: each works while its pod runs."""
        faults, changes = self._faults, self._images.hosted.on_change
        yield partial(
            ProfileController,
            issue_keys=issue_keys,
            serves_pipelines=self._works(PROFILE_PIECES),
            on_change=changes,
        )
        yield from notebook_controllers(
            mesh, faults, works=self._works(NOTEBOOK_CONTROLLER), on_change=changes
        )
        yield partial(PVCViewerController, works=self._works(VIEWER_CONTROLLER), on_change=changes)
        yield partial(
            TensorboardController,
            faults=faults,
            works=self._works(TENSORBOARD_CONTROLLER),
            on_change=changes,
        )

    async def start_katib(self) -> Katib:
        """Katib, whose controllers work while their pod runs."""
        katib = Katib(
            await self._running.client(
                "system:serviceaccount:kubeflow:katib-controller", ["system:masters"]
            ),
            self._images.hosted,
            host=self._control.network.host_ip,
            faults=self._faults,
            presence=self._presence(KATIB_CONTROLLER),
            write_back=written_back,
        )
        await self._running.run(katib.start, katib.stop)
        return katib

    async def start_model_registry(self, exposure: Exposure, data: Path | None) -> ModelRegistry:
        """The Model Registry, which pods reach by its Service; it keeps what it has in `data`."""
        registry = ModelRegistry(data, self._faults)
        self._running.at_end(registry.close)
        (service,) = MODEL_REGISTRY.services
        known = service_names(service, namespace=MODEL_REGISTRY.namespace)
        server = await self._running.serve(registry.app, known)
        await exposure.show(MODEL_REGISTRY, {8080: server.address})
        return registry

    def make_training(self, settings: TrainingSettings) -> Training:
        """Its operators, whose controllers work while their pods run."""
        release = settings.release
        return Training(
            settings,
            self._faults,
            trainer=self._presence(trainer(release)),
            jobset=self._presence(jobset(release)),
            operator=self._presence(TRAINING_OPERATOR),
        )

    async def start_workflows(self) -> None:
        """Argo's controller for Workflows by hand, on a cluster that has none of its own."""
        running, control = self._running, self._control
        account = "system:serviceaccount:kubeflow:argo"
        nobody = replace(
            control.credentials(account, ()), token=None, token_file=None, client_cert=None
        )
        anonymous = KubeClient(nobody)
        running.at_end(anonymous.close)
        workflows = ArgoWorkflows(
            PatientClient(await running.client(account, ["system:masters"])),
            anonymous,
            self._images.hosted,
            faults=self._faults,
        )
        running.watch(workflows.run(), name="workflow controller")

    def _presence(self, component: Component) -> Presence:
        return Presence(self._works(component), self._images.hosted.on_change)

    def _works(self, component: Component) -> Callable[[], bool]:
        """Whether there is a pod of a component, as it is asked again and again."""
        image = component.containers[0].image
        return lambda: self._control.joined or self._images.hosted.runs(image)
