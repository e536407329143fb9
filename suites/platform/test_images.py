"""Images: each can be pulled, here and now."""

from pytest_kubeflow import PlatformHealth

from .reads import PODS


def test_images_are_pulled(platform_health: PlatformHealth) -> None:
    """No pod waits for its image."""
    platform_health.expect_none("KF701", "KF702", "KF703", reads=[*PODS])
