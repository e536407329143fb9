"""One Kubeflow cluster: found, entered, checked; its namespace to work in; the embedded one."""

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.entry import connect
from pytest_kubeflow.cluster.workspace import workspace

__all__ = ["Cluster", "KubernetesCluster", "connect", "workspace"]
