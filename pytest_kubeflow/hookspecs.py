"""Hooks that a suite's conftest.py may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kubeflow.cluster import Cluster
    from pytest_kubeflow.cluster.checklist import Finding
    from pytest_kubeflow.scheduling.plan import PlannedRun, RunPlan


@pytest.hookspec(firstresult=True)
def pytest_kubeflow_schedule(config: pytest.Config, plan: RunPlan) -> Sequence[PlannedRun] | None:
    """The runs of `plan` to submit before the first test, in this order.

    The others are submitted when their tests ask for them. The first answer counts; that of
    --kf-schedule is the last resort.
    """


@pytest.hookspec(historic=False)
def pytest_kubeflow_preflight_done(config: pytest.Config, findings: Sequence[Finding]) -> None:
    """Called once a session, when the cluster was checked: whether fit to be tested or not."""


@pytest.hookspec(historic=False)
def pytest_kubeflow_cluster_ready(config: pytest.Config, cluster: Cluster) -> None:
    """Called once a session (under pytest-xdist: once in each worker) when the cluster answers.

    Raise pytest.UsageError to end the session with one line, exit code 4.
    """
