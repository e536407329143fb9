"""What runs need of Argo and of the object store."""

from pytest_kubeflow import PlatformHealth


def test_workflows_can_run(platform_health: PlatformHealth) -> None:
    """Argo has an executor that it knows, and may write down what tasks came to."""
    platform_health.expect_none(
        "KF801", "KF802", reads=["configmaps", "rolebindings.rbac.authorization.k8s.io"]
    )


def test_artifacts_can_be_stored(platform_health: PlatformHealth) -> None:
    """The object store is where runs look for it, with their keys."""
    platform_health.expect_none("KF803", reads=["services", "configmaps"])
