"""A fresh platform is whole from the moment at which it answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.platform.components.installed import components

NAMESPACES = {
    *("auth", "cert-manager", "istio-system", "kubeflow", "kubeflow-system", "oauth2-proxy"),
    *("kubeflow-user-example-com", "kubeflow-other-example-com"),
}
PIECES = {
    "configmaps": {"artifact-repositories", "kfp-launcher", "metadata-grpc-configmap"},
    "secrets": {"mlpipeline-minio-artifact"},
    "serviceaccounts": {"default-editor", "default-viewer"},
}


def get(client: KubernetesClient, path: str) -> Any:
    """What the API server answers to a path."""
    return json.loads(
        client.core.api_client.call_api(
            path, "GET", auth_settings=["BearerToken"], _preload_content=False
        )[0].data
    )


def test_all_is_there_and_ready_at_once_and_nobody_writes_it_anew() -> None:
    """The first look at a cluster that has just said that it is up."""
    with LocalKubeflow() as cluster:
        client = KubernetesClient(cluster.endpoints.kubeconfig)
        deployments = get(client, "/apis/apps/v1/deployments")["items"]
        replica_sets = get(client, "/apis/apps/v1/replicasets")["items"]
        pods = get(client, "/api/v1/pods")["items"]
        namespaces = get(client, "/api/v1/namespaces")["items"]
        pieces = {
            kind: {
                one["metadata"]["name"]
                for one in get(client, f"/api/v1/namespaces/kubeflow-user-example-com/{kind}")[
                    "items"
                ]
            }
            for kind in PIECES
        }
        events = get(client, "/api/v1/events")["items"]
        time.sleep(3)
        later = {
            one["metadata"]["uid"]: one["metadata"]["resourceVersion"]
            for path in ("/apis/apps/v1/deployments", "/apis/apps/v1/replicasets", "/api/v1/pods")
            for one in get(client, path)["items"]
        }
        client.close()
    assert {one["metadata"]["name"] for one in namespaces} >= NAMESPACES
    assert len(deployments) == len(replica_sets) == len(pods) == len(components(multi_user=True))
    for one in deployments:
        assert one["status"]["readyReplicas"] == 1, one
        assert one["status"]["observedGeneration"] == one["metadata"]["generation"]
    for pod in pods:
        assert pod["status"]["phase"] == "Running", pod
        assert {one["status"] for one in pod["status"]["conditions"]} == {"True"}
    assert events == []
    for kind, names in PIECES.items():
        assert names <= pieces[kind]
    before = {
        one["metadata"]["uid"]: one["metadata"]["resourceVersion"]
        for one in (*deployments, *replica_sets, *pods)
    }
    assert later == before


def test_namespaces_enforce_what_those_of_a_platform_do(kubernetes: KubernetesClient) -> None:
    found = {
        one.metadata.name: one.metadata.labels for one in kubernetes.core.list_namespace().items
    }
    enforce = "pod-security.kubernetes.io/enforce"
    assert found["kubeflow"][enforce] == "restricted"
    assert found["kubeflow"]["istio-injection"] == "enabled"
    assert found["kubeflow-user-example-com"][enforce] == "baseline"


def test_pods_have_proxies_where_the_mesh_wants_mutual_tls(kubernetes: KubernetesClient) -> None:
    rules = get(kubernetes, "/apis/networking.istio.io/v1/destinationrules")["items"]
    hosts = {
        tuple(one["spec"]["host"].split(".")[:2])
        for one in rules
        if one["spec"]["trafficPolicy"]["tls"]["mode"] == "ISTIO_MUTUAL"
    }
    assert ("ml-pipeline-ui", "kubeflow") in hosts
    for name, namespace in hosts:
        selector = kubernetes.core.read_namespaced_service(name, namespace).spec.selector
        wanted = ",".join(f"{key}={value}" for key, value in selector.items())
        pods = kubernetes.core.list_namespaced_pod(namespace, label_selector=wanted).items
        assert pods
        for pod in pods:
            assert "istio-proxy" in {one.name for one in pod.spec.init_containers or []}


def test_slices_have_the_addresses_of_endpoints(kubernetes: KubernetesClient) -> None:
    for endpoints in kubernetes.core.list_namespaced_endpoints("kubeflow").items:
        name = endpoints.metadata.name
        slices = get(
            kubernetes,
            "/apis/discovery.k8s.io/v1/namespaces/kubeflow/endpointslices"
            f"?labelSelector=kubernetes.io/service-name={name}",
        )["items"]
        listed = {ip for one in slices for each in one["endpoints"] for ip in each["addresses"]}
        assert listed == {one.ip for subset in endpoints.subsets for one in subset.addresses}


@pytest.mark.parametrize("multi_user", [False])
def test_stand_alone_pipelines_have_what_they_run(multi_user: bool) -> None:
    with LocalKubeflow(multi_user=multi_user) as cluster:
        client = KubernetesClient(cluster.endpoints.kubeconfig)
        namespaces = {one.metadata.name for one in client.core.list_namespace().items}
        deployments = client.apps.list_deployment_for_all_namespaces().items
        client.close()
        answer = requests.get(f"{cluster.endpoints.host}/apis/v2beta1/healthz", timeout=20)
    assert answer.ok
    assert not namespaces & {"istio-system", "auth", "oauth2-proxy"}
    names = {one.metadata.name for one in deployments}
    assert {"ml-pipeline", "ml-pipeline-ui", "workflow-controller", "seaweedfs"} <= names
    assert not names & {"dashboard", "istiod", "dex", "profiles-deployment"}
    for one in deployments:
        assert one.status.ready_replicas == 1
        assert not one.spec.template.spec.init_containers
