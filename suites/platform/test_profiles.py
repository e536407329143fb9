"""Profiles: each namespace has what its people need."""

from pytest_kubeflow import PlatformHealth


def test_profiles_are_whole(platform_health: PlatformHealth) -> None:
    """Each profile has its namespace, and in it what the controllers put there."""
    platform_health.expect_none(
        "KF601", "KF602", "KF604", reads=["profiles.kubeflow.org", "namespaces", "configmaps"]
    )
