"""GpuSettings: how the tests of GPUs are done."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.config.toleration import Toleration


@dataclass(frozen=True, slots=True)
class GpuSettings:
    """How the tests of GPUs are done."""

    image: str = "nvidia/cuda:12.4.1-base-ubuntu22.04"
    """The image of tasks with GPUs: sh is enough; with PyTorch or CuPy it also computes."""

    tolerations: tuple[Toleration, ...] = (Toleration("nvidia.com/gpu"),)
    """The taints of GPU nodes that these tasks ignore."""

    all_nodes: bool = False
    """Whether each node with GPUs is tested by itself."""
