"""Clusters that are nowhere: what facts are read from, and a session that answers."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import requests
from kubernetes.client import (
    ApiException,
    V1Container,
    V1Deployment,
    V1DeploymentSpec,
    V1LabelSelector,
    V1Node,
    V1NodeSpec,
    V1NodeStatus,
    V1ObjectMeta,
    V1PodSpec,
    V1PodTemplateSpec,
)

from pytest_kubeflow.cluster import Cluster


class Answering:
    """A session whose every answer is this one."""

    def __init__(self, status: int, body: bytes) -> None:
        self.asked: list[str] = []
        self._answer = requests.Response()
        self._answer.status_code = status
        self._answer._content = body

    def get(self, url: str, **_: object) -> requests.Response:
        self.asked.append(url)
        return self._answer


def node(number: int) -> V1Node:
    """A node with 2 CPUs and 1 GiB."""
    given = {"cpu": "2", "memory": "1Gi", "pods": "110"}
    return V1Node(
        metadata=V1ObjectMeta(name=f"n{number}"),
        spec=V1NodeSpec(),
        status=V1NodeStatus(allocatable=given),
    )


def kubernetes(nodes: int) -> SimpleNamespace:
    """A Kubernetes API with so many nodes."""
    deployments = {
        "istiod": "gcr.io/istio-release/pilot:1.29.0-distroless@sha256:00",
        "kserve-controller-manager": "kserve/kserve-controller:v0.17.0",
    }

    def read_namespaced_deployment(name: str, _namespace: str) -> V1Deployment:
        if name not in deployments:
            raise ApiException(404, "Not Found")
        containers = [V1Container(name="manager", image=deployments[name])]
        template = V1PodTemplateSpec(spec=V1PodSpec(containers=containers))
        return V1Deployment(spec=V1DeploymentSpec(selector=V1LabelSelector(), template=template))

    return SimpleNamespace(
        apps=SimpleNamespace(read_namespaced_deployment=read_namespaced_deployment),
        version=SimpleNamespace(get_code=lambda: SimpleNamespace(git_version="v1.33.0")),
        core=SimpleNamespace(list_node=lambda: SimpleNamespace(items=[*map(node, range(nodes))])),
    )


def cluster(session: object, **changes: Any) -> Cluster:
    """A cluster that tells everything; `session` asks its gateway."""
    found: dict[str, Any] = {
        "gateway_url": "https://kf.example",
        "kfp_api_url": "https://kf.example/pipeline",
        "multi_user": True,
        "user": "user@example.com",
        "credentials": SimpleNamespace(description="Dex login"),
        "login_reason": "a password was given",
        "session": lambda: nullcontext(session),
        "capabilities": SimpleNamespace(components={"pipelines", "kserve"}),
        "storage_classes": lambda: ["fast", "slow"],
        "kubernetes": kubernetes(1),
    }
    return cast(Cluster, SimpleNamespace(**(found | changes)))
