"""The mesh: who may talk to whom, and how."""

from pytest_kubeflow import PlatformHealth


def test_mutual_tls_has_proxies(platform_health: PlatformHealth) -> None:
    """Where the mesh demands mutual TLS there is a proxy, and nobody else is locked out."""
    platform_health.expect_none(
        "KF301",
        "KF302",
        "KF309",
        reads=[
            "destinationrules.networking.istio.io",
            "peerauthentications.security.istio.io",
            "pods",
        ],
    )


def test_what_is_not_allowed_is_denied(platform_health: PlatformHealth) -> None:
    """The mesh denies by default, and what is needed is allowed."""
    platform_health.expect_none("KF306", "KF307", reads=["authorizationpolicies.security.istio.io"])


def test_requests_reach_the_gateway(platform_health: PlatformHealth) -> None:
    """The gateway has an address, and no other Gateway takes its requests."""
    platform_health.expect_none(
        "KF308", "KF311", reads=["services", "gateways.networking.istio.io"]
    )


def test_proxies_are_of_the_release_of_istiod(platform_health: PlatformHealth) -> None:
    """Data plane and control plane are of one release."""
    platform_health.expect_none("KF310", reads=["pods"])
