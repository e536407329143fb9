"""Storage: whether claims get volumes, and databases their files."""

from pytest_kubeflow import PlatformHealth

from .reads import PODS


def test_one_storage_class_is_the_default(platform_health: PlatformHealth) -> None:
    """Claims that name no class get a volume, and always of the same class."""
    platform_health.expect_none("KF401", "KF402", reads=["storageclasses.storage.k8s.io"])


def test_claims_are_bound(platform_health: PlatformHealth) -> None:
    """No claim waits for a volume, and no pod for a volume that another node holds."""
    platform_health.expect_none(
        "KF403",
        "KF404",
        "KF408",
        reads=["persistentvolumeclaims", "storageclasses.storage.k8s.io", *PODS],
    )


def test_databases_have_their_files(platform_health: PlatformHealth) -> None:
    """The databases can read and write what is on their volumes."""
    platform_health.expect_none("KF405", "KF406", "KF407", reads=[*PODS])
