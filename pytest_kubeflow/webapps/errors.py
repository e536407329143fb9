"""A server behind the gateway that responded otherwise than asked."""

from __future__ import annotations

from pytest_kubeflow.errors import Evidence, KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors


class ServerRefused(KubeflowError):
    """A web app, or the server of a notebook, a viewer or a TensorBoard, did not respond as asked.

    `status` is HTTP's.
    """

    def __init__(self, message: str, *, status: int, evidence: Evidence | None = None) -> None:
        super().__init__(message, evidence=evidence)
        self.status = status
