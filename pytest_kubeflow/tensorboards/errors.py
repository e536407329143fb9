"""What can go wrong with TensorBoards; a KubeflowError."""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError


class TensorboardFailed(KubeflowError):  # noqa: N818  as in pytest_kubeflow.errors
    """A Tensorboard cannot be made, or will never become ready as it is."""
