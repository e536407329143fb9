"""LocalSettings: what the embedded Kubeflow is to be like, with --kf-host=local."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the embedded Kubeflow is to be like, with --kf-host=local."""

    mode: str = "multi-user"
    """multi-user (a platform with Profiles) or standalone (Kubeflow Pipelines alone)."""

    faults: tuple[str, ...] = ()
    """Named faults that are switched on from the start."""

    strict: bool = False
    """Pipelines that rely on what works on the embedded Kubeflow alone fail."""

    pod_network: str = "auto"
    """auto, own (each pod has a network of its own) or shared (all have the machine's)."""

    trainer: str = "2.2"
    """The release of Trainer."""

    training_operator: bool = False
    """There are jobs of the older Training Operator, too."""
