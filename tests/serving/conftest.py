"""One embedded cluster for the tests of serving, as the plugin sees it, and models in its store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.cluster.artifacts import BUCKET
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.scratch import ScratchSpace, bases
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.serving.credentials import StoreAccount
from pytest_kubeflow.serving.deployer import ServiceDeployer
from pytest_kubeflow.serving.service import InferenceService, ServiceAccess
from tests.serving.embedded import MODEL, NAMESPACE, OTHER


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with LocalKubeflow() as running:
        config = with_endpoints(KubeflowConfig(), running.endpoints)
        connected = connect(config, ownership=Ownership("tests"), redactor=Redactor())
        yield connected
        connected.kubernetes.close()


@pytest.fixture(scope="session")
def store(cluster: Cluster) -> S3Access:
    s3 = cluster.s3
    assert s3.endpoint is not None
    assert s3.access_key is not None
    assert s3.secret_key is not None
    return S3Access(s3.endpoint, s3.access_key, s3.secret_key)


@pytest.fixture(scope="session")
def bucket(store: S3Access) -> Iterator[Bucket]:
    """With models in `iris` and `other`."""
    homes = bases(None, NAMESPACE)
    space = ScratchSpace(store, BUCKET, homes, ownership=Ownership("tests"))
    made = space.make()
    made.put("iris/model.joblib", MODEL)
    made.put("other/model.joblib", OTHER)
    yield made
    made.delete()


@pytest.fixture(scope="session")
def account(cluster: Cluster, store: S3Access) -> Iterator[StoreAccount]:
    made = StoreAccount(cluster, NAMESPACE, store)
    yield made
    made.delete()


@pytest.fixture(scope="session")
def deployer(cluster: Cluster, account: StoreAccount) -> Iterator[ServiceDeployer]:
    access = ServiceAccess(cluster, NAMESPACE, timeout=120)
    made = ServiceDeployer(access, account=lambda: account.name)
    yield made
    made.close()


@pytest.fixture(scope="session")
def iris(deployer: ServiceDeployer, bucket: Bucket) -> InferenceService:
    """A service that is ready, in Standard mode."""
    return deployer(f"s3://{bucket.path}/iris")
