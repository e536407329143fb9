"""What can go wrong with viewers; a KubeflowError."""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError


class ViewerFailed(KubeflowError):  # noqa: N818  as in pytest_kubeflow.errors
    """A PVCViewer cannot be made, or will never become ready as it is."""
