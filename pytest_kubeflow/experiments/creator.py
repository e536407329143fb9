"""PipelineExperimentCreator: makes experiments, and removes them with all that is in them."""

from __future__ import annotations

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.experiments.experiment import PipelineExperiment
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.pipelines.experiment import OURS, Experiment
from pytest_kubeflow.pipelines.packages.component_images import AS_THEY_ARE, ComponentImages
from pytest_kubeflow.pipelines.runs.access import RunAccess


class PipelineExperimentCreator:
    """`pipeline_experiment()` makes an experiment; `close` removes those that it made."""

    def __init__(
        self,
        access: RunAccess,
        *,
        namespace: str | None,
        ownership: Ownership,
        images: ComponentImages = AS_THEY_ARE,
    ) -> None:
        self._access = access
        self._namespace = namespace
        self._ownership = ownership
        self._images = images
        self.made: list[PipelineExperiment] = []

    def __call__(self, name: str = OURS) -> PipelineExperiment:
        """A new experiment; something random is added to its name."""
        experiment = Experiment(self._access.client, self._namespace, self._ownership, name=name)
        made = PipelineExperiment(self._access, experiment, images=self._images)
        self.made.append(made)
        return made

    def close(self) -> None:
        """Remove them, the newest first. The first error is raised at the end."""
        in_turn(self.made.pop().delete for _ in range(len(self.made)))
