"""Hooks that a suite's conftest.py may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster


@pytest.hookspec(historic=False)
def pytest_kubeflow_cluster_ready(config: pytest.Config, cluster: Cluster) -> None:
    """Called once a session (under pytest-xdist: once in each worker) when the cluster answers.

    Raise pytest.UsageError to end the session with one line, exit code 4.
    """
