"""What a registry refuses."""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError


class ModelRegistryRefused(KubeflowError):  # noqa: N818 (names say what happened)
    """It answers with a refusal, in its own words. `status` is that of HTTP."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
