"""Settings of the pipelines room that the assembly decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LAUNCHER_IMAGE = "ghcr.io/kubeflow/kfp-launcher"
LAUNCHER_DIRECTORY = Path(__file__).parent / "launcher"
"""What that image holds."""

LAUNCHER_REFERENCE = f"{LAUNCHER_IMAGE}:2.16.1"
"""As pods name it, and the variable V2_LAUNCHER_IMAGE of ml-pipeline."""

DRIVER_REFERENCE = "ghcr.io/kubeflow/kfp-driver:2.16.1"
"""The variable V2_DRIVER_IMAGE of ml-pipeline. Drivers of runs are part of this process."""

AUDIENCE = "pipelines.kubeflow.org"
STANDALONE_NAMESPACE = "kubeflow"
SYSTEM_NAMESPACE = "kubeflow"
"""Where the pipelines themselves are installed, and where rights to shared ones are asked for."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where artifacts go, as seen from inside the cluster.

    `secret` is the Secret of each namespace with the keys `accesskey` and `secretkey`. The default
    endpoint is the Service that every installation has, whatever store is behind it.
    `launcher_copied`: task pods have the launcher from an init container, as Kubeflow's own, and
    not from a volume of its image, which not every API server has.
    """

    bucket: str = "mlpipeline"
    endpoint: str = "http://minio-service.kubeflow:9000"
    secret: str = "mlpipeline-minio-artifact"  # noqa: S105 the name of a Secret object
    region: str = "us-east-1"
    launcher_copied: bool = False

    @property
    def default_pipeline_root(self) -> str:
        """Used where a namespace has no `kfp-launcher` ConfigMap (v2/config/env.go)."""
        return f"minio://{self.bucket}/v2/artifacts"
