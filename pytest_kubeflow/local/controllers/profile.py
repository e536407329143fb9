"""Profiles: a namespace for each user, with what Kubeflow and its pipelines put there.

Two controllers of a real installation in one place: profile-controller (namespace, service
accounts, role bindings) and pipelines-profile-controller (object store keys, launcher settings).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    AUTHORIZATION_POLICIES,
    CONFIG_MAPS,
    NAMESPACES,
    PROFILES,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
)

BUCKET = "mlpipeline"
ARTIFACT_SECRET = "mlpipeline-minio-artifact"  # noqa: S105 the name of a Secret object

IssueKeys = Callable[[str], Awaitable[tuple[str, str]]]


def user_prefixes(namespace: str) -> list[str]:
    """Where in the bucket a profile may read and write (sync.py of the real controller)."""
    return [
        "artifacts/",
        f"private-artifacts/{namespace}/",
        f"private/{namespace}/",
        "shared/",
    ]


class ProfileController(Controller):
    """`issue_keys(namespace)` answers the access and secret key of a profile's namespace."""

    name = "profile"

    def __init__(self, client: KubeClient, informers: Informers, *, issue_keys: IssueKeys) -> None:
        self._issue_keys = issue_keys
        self._given: set[str] = set()
        super().__init__(client, informers)

    def watch(self) -> None:
        self.profiles = self.enqueue_from(PROFILES)
        self.namespaces = self.enqueue_from(NAMESPACES)

    async def reconcile(self, key: Key) -> None:
        name = key[1]
        profile = self.profiles.get(name)
        if profile is None or profile["metadata"].get("deletionTimestamp"):
            return
        namespace = self.namespaces.get(name)
        if namespace is None:
            await self._ensure(NAMESPACES, _namespace(profile))
            return  # its own ADDED event brings us back
        owner = profile["spec"]["owner"]
        holder = (namespace["metadata"].get("annotations") or {}).get("owner")
        if holder != owner["name"]:
            await self._condition(
                profile, "Failed", f"namespace already exist, but not owned by {owner['name']}"
            )
            return
        if namespace["metadata"].get("deletionTimestamp"):
            return
        for account, role in (
            ("default-editor", "kubeflow-edit"),
            ("default-viewer", "kubeflow-view"),
        ):
            await self._ensure(SERVICE_ACCOUNTS, {"metadata": {"name": account, "namespace": name}})
            subject = {"kind": "ServiceAccount", "name": account, "namespace": name}
            await self._ensure(ROLE_BINDINGS, _role_binding(account, name, role, subject))
        admin = _role_binding("namespaceAdmin", name, "kubeflow-admin", owner)
        admin["metadata"]["annotations"] = {"user": owner["name"], "role": "admin"}
        await self._ensure(ROLE_BINDINGS, admin)
        await self._ensure(AUTHORIZATION_POLICIES, _access_policy(name, owner["name"]))
        await self._pipelines(name)
        await self._condition(profile, "Successful", "")

    async def _pipelines(self, namespace: str) -> None:
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
            metadata = {"name": name, "namespace": namespace}
            await self._ensure(CONFIG_MAPS, {"metadata": metadata, "data": data})
        await self._ensure(CONFIG_MAPS, _artifact_repositories(namespace))
        access, secret = await self._issue_keys(namespace)
        data = {
            "accesskey": base64.b64encode(access.encode()).decode(),
            "secretkey": base64.b64encode(secret.encode()).decode(),
        }
        metadata = {"name": ARTIFACT_SECRET, "namespace": namespace}
        keys = {"metadata": metadata, "type": "Opaque", "data": data}
        if not await self._ensure(SECRETS, keys) and namespace not in self._given:
            # Keys of an earlier object store, where the API server is older than this one.
            await self.client.patch(SECRETS, ARTIFACT_SECRET, {"data": data}, namespace=namespace)
        self._given.add(namespace)

    async def _condition(self, profile: Object, kind: str, message: str) -> None:
        conditions = [{"type": kind, **({"message": message} if message else {})}]
        if (profile.get("status") or {}).get("conditions") != conditions:
            await self.client.patch(
                PROFILES,
                profile["metadata"]["name"],
                {"status": {"conditions": conditions}},
                subresource="status",
            )

    async def _ensure(self, resource: Resource, obj: Object) -> bool:
        """Make it unless it is there; whether it was made."""
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return False
        return True


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


def _namespace(profile: Object) -> Object:
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
