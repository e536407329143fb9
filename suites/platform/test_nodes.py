"""Nodes: ready, of one release, and with the right time."""

from pytest_kubeflow import PlatformHealth


def test_nodes_are_ready(platform_health: PlatformHealth) -> None:
    """Nodes are ready, not short of anything, and take pods."""
    platform_health.expect_none("KF501", "KF502", "KF504", "KF505", reads=["nodes"])


def test_clocks_agree(platform_health: PlatformHealth) -> None:
    """The clocks of nodes, of the API server and of this machine agree."""
    platform_health.expect_none("KF503", reads=["leases.coordination.k8s.io"])
