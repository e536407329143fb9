"""What was configured, resolved once, each value with its origin. Knows no pytest."""

from pytest_kubeflow.config.loading import Sources, resolve
from pytest_kubeflow.config.model import (
    COMPONENTS,
    GatewaySettings,
    GpuSettings,
    KubeflowConfig,
    KubernetesSettings,
    LocalSettings,
    S3Settings,
    ServingSettings,
    SessionSettings,
)
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import Option, Setting
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.config.toleration import Toleration

__all__ = [
    "COMPONENTS",
    "LOCAL",
    "OPTIONS",
    "GatewaySettings",
    "GpuSettings",
    "KubeflowConfig",
    "KubernetesSettings",
    "LocalSettings",
    "Option",
    "S3Settings",
    "ServingSettings",
    "SessionSettings",
    "Setting",
    "Sources",
    "Toleration",
    "resolve",
]
