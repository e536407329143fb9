"""An embedded cluster, and what makes Workflows on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.workflows.creator import WorkflowCreator
from pytest_kubeflow.workflows.workflow import WorkflowAccess

NAMESPACE = "kubeflow-user-example-com"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """An embedded cluster, as its user with a password sees it."""
    with LocalKubeflow() as running:
        config = with_endpoints(KubeflowConfig(), running.endpoints)
        found = connect(config, ownership=Ownership("tests"), redactor=Redactor())
        yield found
        found.close()


@pytest.fixture
def creator(cluster: Cluster) -> Iterator[WorkflowCreator]:
    """Makes Workflows, and removes them."""
    yield from _creator(cluster)


@pytest.fixture
def hasty(cluster: Cluster) -> Iterator[WorkflowCreator]:
    """The same with a limit of two seconds for what keeps pods from starting."""
    session = replace(cluster.config.session, start_timeout=2.0)
    yield from _creator(replace(cluster, config=replace(cluster.config, session=session)))


def _creator(cluster: Cluster) -> Iterator[WorkflowCreator]:
    made = WorkflowCreator(WorkflowAccess(cluster, NAMESPACE, timeout=60))
    yield made
    made.close()
