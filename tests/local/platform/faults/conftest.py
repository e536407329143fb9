"""The platform whose faults are tried, one after the other."""

from __future__ import annotations

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow

from .broken import Platform


@pytest.fixture(scope="package")
def faulty(platform: LocalKubeflow, kubernetes: KubernetesClient) -> Platform:
    """The platform of these tests."""
    return Platform(kubernetes, platform.endpoints.host)
