"""What was configured, resolved once, each value with its origin. Knows no pytest."""

from pytest_kubeflow.config.loading import Sources, resolve
from pytest_kubeflow.config.model import (
    COMPONENTS,
    GatewaySettings,
    KubeflowConfig,
    KubernetesSettings,
    LocalSettings,
    S3Settings,
    SessionSettings,
)
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import Option, Setting

__all__ = [
    "COMPONENTS",
    "LOCAL",
    "GatewaySettings",
    "KubeflowConfig",
    "KubernetesSettings",
    "LocalSettings",
    "Option",
    "S3Settings",
    "SessionSettings",
    "Setting",
    "Sources",
    "resolve",
]
