"""The objects of a profile: its namespace, who may do what there, and what pipelines need in it.

Two controllers of a real installation make them: profile-controller and
pipelines-profile-controller.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    AUTHORIZATION_POLICIES,
    CONFIG_MAPS,
    PROFILES,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)

BUCKET = "mlpipeline"
ARTIFACT_SECRET = "mlpipeline-minio-artifact"  # noqa: S105 the name of a Secret object


def user_prefixes(namespace: str) -> list[str]:
    """Where in the bucket a profile may read and write (sync.py of the real controller)."""
    return [
        "artifacts/",
        f"private-artifacts/{namespace}/",
        f"private/{namespace}/",
        "shared/",
    ]


def access_objects(namespace: str, owner: Object) -> Iterator[tuple[Resource, Object]]:
    """Accounts and rights in the namespace of a profile, by profile-controller."""
    for account, role in (
        ("default-editor", "kubeflow-edit"),
        ("default-viewer", "kubeflow-view"),
    ):
        yield SERVICE_ACCOUNTS, {"metadata": {"name": account, "namespace": namespace}}
        subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
        yield ROLE_BINDINGS, _role_binding(account, namespace, role, subject)
    admin = _role_binding("namespaceAdmin", namespace, "kubeflow-admin", owner)
    admin["metadata"]["annotations"] = {"user": owner["name"], "role": "admin"}
    yield ROLE_BINDINGS, admin
    yield AUTHORIZATION_POLICIES, _access_policy(namespace, owner["name"])


def pipeline_objects(namespace: str) -> Iterator[tuple[Resource, Object]]:
    """Settings of pipelines in the namespace, by pipelines-profile-controller."""
    root = f"minio://{BUCKET}/private-artifacts/{namespace}/v2/artifacts"
    for name, data in (
        ("kfp-launcher", {"defaultPipelineRoot": root}),
        (
            "metadata-grpc-configmap",
            {
                "METADATA_GRPC_SERVICE_HOST": "metadata-grpc-service.kubeflow",
                "METADATA_GRPC_SERVICE_PORT": "8080",
            },
        ),
    ):
        yield CONFIG_MAPS, {"metadata": {"name": name, "namespace": namespace}, "data": data}
    yield CONFIG_MAPS, _artifact_repositories(namespace)


def artifact_secret(namespace: str, access: str, secret: str) -> tuple[Resource, Object]:
    """The keys with which pods of the namespace reach the object store."""
    data = {
        "accesskey": base64.b64encode(access.encode()).decode(),
        "secretkey": base64.b64encode(secret.encode()).decode(),
    }
    metadata = {"name": ARTIFACT_SECRET, "namespace": namespace}
    return SECRETS, {"metadata": metadata, "type": "Opaque", "data": data}


def _artifact_repositories(namespace: str) -> Object:
    """Where Argo would keep artifacts and logs of this namespace's workflows."""
    keys = ("accessKeySecret", "accesskey"), ("secretKeySecret", "secretkey")
    repository = {
        "archiveLogs": True,
        "s3": {
            "endpoint": "seaweedfs.kubeflow.svc.cluster.local:9000",
            "bucket": BUCKET,
            "keyFormat": f"private-artifacts/{namespace}/{{{{workflow.name}}}}/{{{{pod.name}}}}",
            "insecure": True,
            **{field: {"name": ARTIFACT_SECRET, "key": key} for field, key in keys},
        },
    }
    chosen = "default-namespaced"
    return {
        "metadata": {
            "name": "artifact-repositories",
            "namespace": namespace,
            "annotations": {"workflows.argoproj.io/default-artifact-repository": chosen},
        },
        "data": {chosen: json.dumps(repository)},
    }


def namespace_of(profile: Object) -> Object:
    metadata = profile["metadata"]
    return {
        "metadata": {
            "name": metadata["name"],
            "annotations": {"owner": profile["spec"]["owner"]["name"]},
            "labels": {
                "app.kubernetes.io/part-of": "kubeflow-profile",
                "istio-injection": "enabled",
                "katib.kubeflow.org/metrics-collector-injection": "enabled",
                "pipelines.kubeflow.org/enabled": "true",
                "pod-security.kubernetes.io/enforce": "baseline",
                "serving.kubeflow.org/inferenceservice": "enabled",
            },
            "ownerReferences": [
                {
                    "apiVersion": PROFILES.api_version,
                    "kind": PROFILES.kind,
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
    }


def _access_policy(namespace: str, owner: str) -> Object:
    """Who may reach the pods of a profile: its owner through the gateway, its own pods, probes."""
    gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
    ui = "cluster.local/ns/kubeflow/sa/ml-pipeline-ui"
    notebooks = "cluster.local/ns/kubeflow/sa/notebook-controller-service-account"
    return {
        "metadata": {
            "name": "ns-owner-access-istio",
            "namespace": namespace,
            "annotations": {"user": owner, "role": "admin"},
        },
        "spec": {
            "rules": [
                {
                    "from": [{"source": {"principals": [gateway, ui]}}],
                    "when": [{"key": "request.headers[kubeflow-userid]", "values": [owner]}],
                },
                {"when": [{"key": "source.namespace", "values": [namespace]}]},
                {"to": [{"operation": {"paths": ["/healthz", "/metrics", "/wait-for-drain"]}}]},
                {
                    "from": [{"source": {"principals": [notebooks]}}],
                    "to": [{"operation": {"methods": ["GET"], "paths": ["*/api/kernels"]}}],
                },
            ]
        },
    }


def _role_binding(name: str, namespace: str, role: str, subject: Object) -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [
            subject if subject["kind"] == "ServiceAccount" else {"apiGroup": group, **subject}
        ],
    }
