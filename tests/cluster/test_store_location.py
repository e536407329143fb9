"""The object store is found by what the cluster's own configuration says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_kubeflow.cluster.artifacts import PipelineRoot, pipeline_root
from pytest_kubeflow.cluster.store import StoreLocation
from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.config.groups.objectstore import S3Settings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.objectstore.client import S3Access, wait_for_store
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import NAMESPACE, Remote, no_pods_of

SYSTEM = "kubeflow"
USUAL = ((SYSTEM, "seaweedfs"), (SYSTEM, "minio-service"))


@pytest.fixture(scope="module")
def kubernetes(remote: Remote) -> Iterator[KubernetesClient]:
    client = KubernetesClient(remote.endpoints.kubeconfig)
    yield client
    client.close()


@contextmanager
def located(
    kubernetes: KubernetesClient, *, namespace: str | None = None, s3: S3Settings | None = None
) -> Iterator[StoreLocation]:
    settings = KubernetesSettings(namespace=namespace)
    store = StoreLocation(KubeflowConfig(kubernetes=settings, s3=s3 or S3Settings()), kubernetes)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def configured(remote: Remote, name: str, **data: str) -> Iterator[None]:
    """While inside, the ConfigMap is there, in the system's namespace, with this alone."""
    found = remote.core.list_namespaced_config_map(
        SYSTEM, field_selector=f"metadata.name={name}"
    ).items
    body = {"metadata": {"name": name}, "data": data}
    if found:
        remote.core.replace_namespaced_config_map(name, SYSTEM, body)
    else:
        remote.core.create_namespaced_config_map(SYSTEM, body)
    try:
        yield
    finally:
        if found:
            before = {**body, "data": found[0].data}
            remote.core.replace_namespaced_config_map(name, SYSTEM, before)
        else:
            remote.core.delete_namespaced_config_map(name, SYSTEM)


@pytest.fixture
def renamed(remote: Remote) -> Iterator[None]:
    """Its Service has a name of its own, and another port."""
    port = {"name": "s3", "port": 9999, "targetPort": 8333}
    spec = {"selector": {"app": "seaweedfs"}, "ports": [port]}
    body = {"metadata": {"name": "team-store"}, "spec": spec}
    remote.core.create_namespaced_service(SYSTEM, body)
    with no_pods_of(remote, *USUAL):
        yield
    remote.core.delete_namespaced_service("team-store", SYSTEM)


INSECURE = "endpoint: team-store.kubeflow.svc.cluster.local:9999\n    disableSSL: true\n"
CONFIGURATIONS = [
    ("kfp-launcher", {"providers": f"minio:\n  default:\n    {INSECURE}"}),
    ("kfp-launcher", {"providers": f"s3:\n  default:\n    region: eu\n    {INSECURE}"}),
    (
        "kfp-launcher",
        {"defaultPipelineRoot": "s3://b/x?endpoint=team-store.kubeflow:9999&disableSSL=true"},
    ),
    (
        "workflow-controller-configmap",
        {"artifactRepository": "s3: {endpoint: 'team-store:9999', insecure: true, bucket: b}"},
    ),
    ("artifact-repositories", {"one": '{"s3": {"endpoint": "team-store:9999", "insecure": true}}'}),
]


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize(("name", "data"), CONFIGURATIONS)
def test_a_service_of_any_name(
    remote: Remote, kubernetes: KubernetesClient, name: str, data: dict[str, str]
) -> None:
    with configured(remote, name, **data), located(kubernetes) as store:
        assert store.reason == ""
        assert "(port-forward to service kubeflow/team-store, port 9999)" in store.described
        access = S3Access(str(store.settings.endpoint), Secret("a"), Secret("b"), direct=True)
        wait_for_store(access, Deadline.after(20))
        assert store.settings.region == ("eu" if "region" in json.dumps(data) else None)


def test_a_profile_s_configuration_is_enough(kubernetes: KubernetesClient) -> None:
    with located(kubernetes, namespace=NAMESPACE) as store:
        assert "service kubeflow/seaweedfs, port 9000" in store.described


def test_a_store_outside_is_asked_where_it_is(remote: Remote, kubernetes: KubernetesClient) -> None:
    root = "s3://company/kfp?endpoint=s3.eu-west-1.example.com&region=eu-west-1"
    with configured(remote, "kfp-launcher", defaultPipelineRoot=root):
        with located(kubernetes) as store:
            assert store.settings.endpoint == "https://s3.eu-west-1.example.com:443"
            assert store.settings.region == "eu-west-1"
            assert store.described.endswith("(from ConfigMap kubeflow/kfp-launcher)")
            assert not store.is_forwarded
        assert pipeline_root(kubernetes, SYSTEM) == PipelineRoot("company", "kfp/")


def test_what_makes_no_sense_is_passed_over(remote: Remote, kubernetes: KubernetesClient) -> None:
    with (
        configured(remote, "kfp-launcher", providers="{", defaultPipelineRoot="gs://b/x"),
        configured(remote, "workflow-controller-configmap", artifactRepository="s3: [1]"),
        located(kubernetes) as store,
    ):
        assert "service kubeflow/seaweedfs, port 8333" in store.described
        assert pipeline_root(kubernetes, SYSTEM) is None


def test_where_none_is_found_the_reason_says_what_was_looked_for(
    remote: Remote, kubernetes: KubernetesClient
) -> None:
    with no_pods_of(remote, *USUAL), located(kubernetes) as store:
        assert store.settings.endpoint is None
        for part in ("kubeflow/seaweedfs", "kubeflow/minio-service", "KF_S3_ENDPOINT"):
            assert part in store.reason


def test_without_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "")
    with located(KubernetesClient()) as store:
        assert "without access to Kubernetes" in store.reason
        assert "KF_S3_ENDPOINT" in store.reason


def test_in_a_pod_the_service_s_name_is_used(
    remote: Remote, kubernetes: KubernetesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No name of a Service means anything outside of pods: a forwarded port stands for it.
    forward = PortForward(kubernetes, SYSTEM, "seaweedfs", 8333).open()
    endpoint = forward.url.removeprefix("http://")
    monkeypatch.setattr(KubernetesClient, "is_in_cluster", True)
    text = f"s3: {{endpoint: '{endpoint}', insecure: true}}"
    with (
        configured(remote, "workflow-controller-configmap", artifactRepository=text),
        located(kubernetes) as store,
    ):
        assert store.settings.endpoint == f"http://{endpoint}"
        assert not store.is_forwarded
    forward.close()
    with located(kubernetes) as store:
        assert "seaweedfs.kubeflow:9000" in store.reason
        assert "cannot be reached from this pod" in store.reason


def test_what_was_given_is_not_looked_for(kubernetes: KubernetesClient) -> None:
    given = S3Settings("http://127.0.0.1:9")
    with located(kubernetes, s3=given) as store:
        assert store.settings == given
        assert store.reason == ""
