"""Settings of training: which operators an installation has."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.training.release import V2_2, Release


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The release of Trainer, and whether there is the older Training Operator beside it."""

    release: Release = V2_2
    operator: bool = False


DEFAULT_TRAINING = TrainingSettings()
