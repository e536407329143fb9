"""Releases: parts that belong together, and kinds that are in force."""

from pytest_kubeflow import PlatformHealth

from .reads import DEFINITIONS, WORKLOADS


def test_parts_are_of_one_release(platform_health: PlatformHealth) -> None:
    """All parts are of one release of Kubeflow, and none runs twice."""
    platform_health.expect_none("KF711", "KF712", reads=[*WORKLOADS])


def test_kinds_are_in_force(platform_health: PlatformHealth) -> None:
    """Definitions are established, converted, served as they are stored, and owned by one."""
    platform_health.expect_none("KF713", "KF714", "KF716", "KF717", reads=[*DEFINITIONS])


def test_groups_of_the_api_answer(platform_health: PlatformHealth) -> None:
    """Whoever serves a group of the Kubernetes API answers."""
    platform_health.expect_none("KF715", reads=["apiservices.apiregistration.k8s.io"])
