from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.local.serving.platform import Platform, Service


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with LocalKubeflow() as cluster:
        platform = Platform(cluster.endpoints)
        platform.prepare()
        yield platform
        platform.api.close()


@pytest.fixture(scope="module")
def iris(platform: Platform) -> Service:
    """A ready InferenceService in Standard mode."""
    service = platform.serve(name="iris")
    service.wait_ready()
    return service
