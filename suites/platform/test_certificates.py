"""Certificates: issued, readable, and not about to end."""

import pytest

from pytest_kubeflow import PlatformHealth

from .reads import SECRETS


def test_certificates_are_issued(platform_health: PlatformHealth) -> None:
    """cert-manager has issued what it was asked for."""
    platform_health.expect_none("KF221", reads=["certificates.cert-manager.io"])


def test_certificates_last(platform_health: PlatformHealth) -> None:
    """No certificate on the cluster has ended, or ends within 14 days."""
    platform_health.expect_none("KF222", "KF223", "KF228", reads=[*SECRETS])


@pytest.mark.usefixtures("kf_cluster")
def test_the_gateway_is_believed(platform_health: PlatformHealth) -> None:
    """What the gateway shows is in time, for its name, and of a trusted authority."""
    platform_health.expect_none("KF225", "KF226", "KF227", reads=["the gateway's certificate"])
