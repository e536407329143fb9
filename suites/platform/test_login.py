"""The login: whose tokens are believed, and who is told who the user is."""

import pytest

from pytest_kubeflow import PlatformHealth

from .reads import PAGES


@pytest.mark.usefixtures("kf_cluster")
def test_tokens_are_believed(platform_health: PlatformHealth) -> None:
    """The gateway trusts the issuers that it should, and knows their keys."""
    platform_health.expect_none(
        "KF303", "KF304", "KF305", reads=["requestauthentications.security.istio.io"]
    )


@pytest.mark.usefixtures("kf_cluster")
def test_the_user_is_known_behind_the_gateway(platform_health: PlatformHealth) -> None:
    """The dashboard and the web apps are told who asks."""
    platform_health.expect_none("KF312", "KF313", reads=[*PAGES])


@pytest.mark.usefixtures("kf_cluster")
def test_the_default_password_is_not_valid(platform_health: PlatformHealth) -> None:
    """The password of the example installation lets nobody in."""
    platform_health.expect_none("KF605", reads=["the default password"])
