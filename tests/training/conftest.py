"""Embedded clusters with a release of Trainer each, and what makes jobs on them."""

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
from pytest_kubeflow.training.access import TrainingAccess
from pytest_kubeflow.training.creator import JobCreator
from pytest_kubeflow.training.kinds import PYTORCH_JOB, TRAIN_JOB, JobKind

NAMESPACE = "kubeflow-user-example-com"
IMAGE = "python:3.11-slim"


def connected(running: LocalKubeflow) -> Cluster:
    """A cluster as its user with a password sees it."""
    config = with_endpoints(KubeflowConfig(), running.endpoints)
    return connect(config, ownership=Ownership("tests"), redactor=Redactor())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """With Trainer 2.2."""
    with LocalKubeflow() as running:
        found = connected(running)
        yield found
        found.close()


@pytest.fixture(scope="session")
def older() -> Iterator[Cluster]:
    """With Trainer 2.1, as Kubeflow 26.03 has it, and the training operator."""
    with LocalKubeflow(trainer="2.1", training_operator=True) as running:
        found = connected(running)
        yield found
        found.close()


@pytest.fixture
def creator(cluster: Cluster) -> Iterator[JobCreator]:
    """Makes jobs, and removes them."""
    yield from _creator(cluster)


@pytest.fixture
def older_creator(older: Cluster) -> Iterator[JobCreator]:
    """The same at the older release."""
    yield from _creator(older)


@pytest.fixture
def hasty(cluster: Cluster) -> Iterator[JobCreator]:
    """The same with a limit of two seconds for what keeps pods from starting."""
    session = replace(cluster.config.session, start_timeout=2.0)
    yield from _creator(replace(cluster, config=replace(cluster.config, session=session)))


@pytest.fixture
def operator_creator(cluster: Cluster) -> JobCreator:
    """Makes jobs of an operator that is not there."""
    return JobCreator(TrainingAccess(cluster, NAMESPACE, timeout=60), PYTORCH_JOB, image=IMAGE)


@pytest.fixture
def operators(older: Cluster) -> Iterator[JobCreator]:
    """Makes jobs of the operator where it is there."""
    session = replace(older.config.session, start_timeout=4.0)
    hasty = replace(older, config=replace(older.config, session=session))
    yield from _creator(hasty, PYTORCH_JOB)


def _creator(cluster: Cluster, kind: JobKind = TRAIN_JOB) -> Iterator[JobCreator]:
    made = JobCreator(TrainingAccess(cluster, NAMESPACE, timeout=60), kind, image=IMAGE)
    yield made
    made.close()
