"""Against the embedded KServe: bad models, bad requests, names that are taken, what is deleted."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import ConfigurationError, NotFound, PermissionDenied, WaitTimeout
from pytest_kubeflow.k8s.inventory import read_inventory
from pytest_kubeflow.k8s.sessions.ownership import EXPIRES, is_ours
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.serving.credentials import StoreAccount
from pytest_kubeflow.serving.deployer import ServiceDeployer
from pytest_kubeflow.serving.errors import RequestFailed, ServiceFailed
from pytest_kubeflow.serving.sdk import make_kserve_client
from pytest_kubeflow.serving.service import InferenceService, ServiceAccess
from pytest_kubeflow.serving.spec import GROUP, PLURAL, VERSION
from tests.serving.embedded import NAMESPACE, ROWS, SAYS

# As scikit-learn 0.21 and before pickled it: the module is no longer there.
OLD_PICKLE = b"csklearn.linear_model.logistic\nLogisticRegression\n."


@pytest.fixture(scope="module", autouse=True)
def _no_models(bucket: Bucket) -> None:
    bucket.put("old/model.joblib", OLD_PICKLE)
    bucket.put("empty/README.md", "no model here")


def failure(service: InferenceService) -> str:
    """The report of a service that must not get ready."""
    with pytest.raises(ServiceFailed) as failed:
        service.wait_ready()
    assert not service.is_ready
    service.delete(wait=False)
    return str(failed.value)


def test_models_that_cannot_be_loaded(
    cluster: Cluster, deployer: ServiceDeployer, bucket: Bucket, store: S3Access
) -> None:
    keyless = StoreAccount(
        cluster, NAMESPACE, replace(store, access_key=Secret("nobody"), secret_key=Secret("nor-me"))
    )
    root = f"s3://{bucket.path}"
    try:
        nowhere = deployer(f"{root}/nowhere", wait=False)
        no_rights = deployer(f"{root}/iris", service_account=keyless.name, wait=False)
        found = failure(nowhere)
        assert "storage-initializer failed 2 times" in found
        assert "No model found" in found
        found = failure(no_rights)
        assert "log of storage-initializer" in found
        assert "403" in found
    finally:
        keyless.delete()
    old = deployer(f"{root}/old", wait=False)
    assert "No module named 'sklearn.linear_model.logistic'" in failure(old)


def test_directory_without_a_model(deployer: ServiceDeployer, bucket: Bucket) -> None:
    """KServe's server for scikit-learn goes on without its model, and is never ready."""
    service = deployer(f"s3://{bucket.path}/empty", wait=False)
    with pytest.raises(WaitTimeout) as timeout:
        service.wait_ready(25)
    assert not service.is_ready
    assert re.search(
        r"log of kserve-container[\s\S]*(locate model|ModelMissing)", str(timeout.value)
    )
    service.delete(wait=False)


def test_model_that_needs_more_memory(
    cluster: Cluster, deployer: ServiceDeployer, bucket: Bucket
) -> None:
    for node in read_inventory(cluster.kubernetes).usable:
        if node.limits_unenforced:
            pytest.skip(f"limits are not enforced here: {node.limits_unenforced}")
    tight = {"requests": {"memory": "32Mi"}, "limits": {"memory": "32Mi"}}
    service = deployer(f"s3://{bucket.path}/iris", resources=tight, wait=False)
    assert "OOMKilled" in failure(service)


def test_requests_that_are_wrong(iris: InferenceService) -> None:
    predictor = iris.predictor()
    assert predictor.predict(ROWS) == SAYS
    with pytest.raises(RequestFailed, match="features") as refused:
        predictor.predict([[1.0, 2.0]])
    assert refused.value.status in {400, 500}
    path = f"/v1/models/{iris.name}:predict"
    large = json.dumps({"instances": ROWS, "padding": "x" * 20 * 2**20}).encode()
    for body, statuses, found in (
        (b"", {400}, "Unrecognized request format: Input is a zero-length"),
        (b"no json", {400}, "Unrecognized request format: "),
        (b'{"rows": []}', {400, 500}, "instances"),
        (large, {200, 400, 413}, "predictions|error|too large"),
    ):
        answer = predictor.ask("POST", path, body)
        assert answer.status in statuses, body[:20]
        assert re.search(found, answer.text), answer.text
    with pytest.raises(RequestFailed, match="Model with name setosa does not exist") as unknown:
        iris.predictor(model="setosa").predict(ROWS)
    assert unknown.value.status == 404
    # After all that, it answers as before.
    assert predictor.predict(ROWS) == SAYS
    assert predictor.infer(ROWS) == SAYS


def test_names_that_are_taken(cluster: Cluster, deployer: ServiceDeployer, bucket: Bucket) -> None:
    custom = cluster.kubernetes.custom
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "InferenceService",
        "metadata": {"name": "production"},
        "spec": {"predictor": {"minReplicas": 1, "model": {"modelFormat": {"name": "onnx"}}}},
    }
    custom.create_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, body)

    def generation() -> tuple[str, int]:
        found = custom.get_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, "production")
        assert not is_ours(found["metadata"].get("labels"))
        return found["metadata"]["uid"], found["metadata"]["generation"]

    before = generation()
    with pytest.raises(ServiceFailed, match="/production already: left as it is"):
        deployer(f"s3://{bucket.path}/iris", name="production")
    access = ServiceAccess(cluster, NAMESPACE, timeout=5)
    theirs = InferenceService(access, "production", service_account="", labels={})
    for change in (
        lambda: theirs.update("s3://other/model"),
        lambda: theirs.scale(2),
        theirs.delete,
    ):
        with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
            change()
    assert generation() == before
    custom.delete_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, "production")


def test_what_can_never_work_makes_nothing(deployer: ServiceDeployer, cluster: Cluster) -> None:
    def there() -> set[str]:
        found: Any = cluster.kubernetes.custom.list_namespaced_custom_object(
            GROUP, VERSION, NAMESPACE, PLURAL
        )
        return {one["metadata"]["name"] for one in found["items"]}

    before = there()
    with pytest.raises(ConfigurationError, match="too long for an InferenceService"):
        deployer("s3://models/iris", name="a" * 60)
    with pytest.raises(ConfigurationError, match="'1iris' is no name for an InferenceService"):
        deployer("s3://models/iris", name="1iris")
    with pytest.raises(ConfigurationError, match="is no place of a model"):
        deployer("/models/iris")
    assert there() == before


def test_sdk_on_our_connection(cluster: Cluster, iris: InferenceService) -> None:
    client = make_kserve_client(cluster.kubernetes)
    found = client.get(iris.name, namespace=NAMESPACE)
    ours = cluster.ownership.labels()
    del ours[EXPIRES]  # a moment later than those that it was made with
    assert found["metadata"]["labels"].items() >= ours.items()
    assert client.is_isvc_ready(iris.name, namespace=NAMESPACE)


def test_deleted_while_asked(deployer: ServiceDeployer, bucket: Bucket, cluster: Cluster) -> None:
    service = deployer(f"s3://{bucket.path}/iris")
    predictor = service.predictor()
    assert len(predictor.predict(ROWS)) == len(ROWS)
    service.delete()
    with pytest.raises(NotFound, match="does not exist"):
        predictor.predict(ROWS)
    with pytest.raises(NotFound):
        service.is_ready  # noqa: B018  asked for what it raises
    pods = cluster.kubernetes.core.list_namespaced_pod(
        NAMESPACE, label_selector=f"serving.kserve.io/inferenceservice={service.name}"
    )
    assert pods.items == []
    service.delete()  # twice is fine
