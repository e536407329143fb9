"""An embedded cluster with Katib, and what makes experiments on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.katib.creator import ExperimentCreator
from pytest_kubeflow.katib.experiment import KatibAccess
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.redaction import Redactor

NAMESPACE = "kubeflow-user-example-com"
IMAGE = "python:3.11-slim"


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


@pytest.fixture(scope="session")
def cluster(endpoints: Endpoints) -> Iterator[Cluster]:
    """An embedded cluster, as its user with a password sees it."""
    config = with_endpoints(KubeflowConfig(), endpoints)
    found = connect(config, ownership=Ownership("tests"), redactor=Redactor())
    yield found
    found.close()


@pytest.fixture
def creator(cluster: Cluster) -> Iterator[ExperimentCreator]:
    """Makes experiments, and removes them."""
    yield from _creator(cluster)


@pytest.fixture
def hasty(cluster: Cluster) -> Iterator[ExperimentCreator]:
    """The same with a limit of two seconds for what keeps pods from starting."""
    session = replace(cluster.config.session, start_timeout=2.0)
    yield from _creator(replace(cluster, config=replace(cluster.config, session=session)))


def _creator(cluster: Cluster) -> Iterator[ExperimentCreator]:
    made = ExperimentCreator(KatibAccess(cluster, NAMESPACE, timeout=120), image=IMAGE)
    yield made
    made.close()


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """Another namespace, with the labels that the test is parametrized with; without, none."""
    name = f"bare-{request.node.name.split('[')[0][-30:].strip('_').replace('_', '-')}"
    body = {"metadata": {"name": name, "labels": getattr(request, "param", {})}}
    cluster.kubernetes.core.create_namespace(body)
    yield name
    cluster.kubernetes.core.delete_namespace(name)
