"""Webhooks: what the API server asks before it stores an object."""

from pytest_kubeflow import PlatformHealth

from .reads import SECRETS, WEBHOOKS


def test_webhooks_have_servers(platform_health: PlatformHealth) -> None:
    """Each webhook leads to a Service with a pod that is ready, and no job has two."""
    platform_health.expect_none(
        "KF201", "KF202", "KF207", reads=[*WEBHOOKS, "services", "endpointslices.discovery.k8s.io"]
    )


def test_webhooks_answer(platform_health: PlatformHealth) -> None:
    """A dry run through each webhook comes back: nothing is made."""
    platform_health.expect_none("KF203", "KF204", "KF208", reads=[*WEBHOOKS, "webhooks "])


def test_webhooks_are_believed(platform_health: PlatformHealth) -> None:
    """The caBundle of each webhook verifies the certificate that its server has."""
    platform_health.expect_none("KF205", "KF206", "KF224", reads=[*WEBHOOKS, *SECRETS])
