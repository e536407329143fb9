"""Pods and what makes them: each workload has its pods, and they run."""

from pytest_kubeflow import PlatformHealth

from .reads import DEFINITIONS, PODS, WORKLOADS


def test_pods_run(platform_health: PlatformHealth) -> None:
    """No container crashes, waits for what is not there, or finds no node."""
    platform_health.expect_none(
        "KF101",
        "KF102",
        "KF105",
        "KF107",
        "KF111",
        "KF113",
        "KF114",
        "KF115",
        "KF116",
        reads=[*PODS],
    )


def test_workloads_have_their_pods(platform_health: PlatformHealth) -> None:
    """Workloads have the pods that they want, also those of which no pod can be made."""
    platform_health.expect_none("KF103", "KF104", "KF108", "KF110", reads=[*WORKLOADS, *PODS])


def test_each_component_has_its_controller(platform_health: PlatformHealth) -> None:
    """What serves a component's kinds is there."""
    platform_health.expect_none("KF109", reads=[*DEFINITIONS, *WORKLOADS])


def test_jobs_end(platform_health: PlatformHealth) -> None:
    """The Jobs of the installation have ended, and ended well."""
    platform_health.expect_none("KF112", "KF117", reads=["jobs.batch", *PODS])


def test_what_is_deleted_ends(platform_health: PlatformHealth) -> None:
    """No pod and no namespace stays in its deletion."""
    platform_health.expect_none("KF106", "KF603", reads=["pods", "namespaces"])
