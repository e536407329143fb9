"""A platform that is whole, parts of it replaced, and what the checks find there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_kubeflow.platform.causality import without_consequences
from pytest_kubeflow.platform.checks import Check
from pytest_kubeflow.platform.checks.applications.profiles import check_profiles
from pytest_kubeflow.platform.checks.applications.workflows import check_workflows
from pytest_kubeflow.platform.checks.cluster.claims import check_claims
from pytest_kubeflow.platform.checks.cluster.clocks import check_clocks
from pytest_kubeflow.platform.checks.cluster.definitions import check_definitions
from pytest_kubeflow.platform.checks.cluster.namespaces import check_namespaces
from pytest_kubeflow.platform.checks.cluster.nodes import check_nodes
from pytest_kubeflow.platform.checks.cluster.storage_classes import check_storage_classes
from pytest_kubeflow.platform.checks.cluster.versions import check_versions
from pytest_kubeflow.platform.checks.workloads.controllers import check_controllers
from pytest_kubeflow.platform.checks.workloads.crashes import check_crashes
from pytest_kubeflow.platform.checks.workloads.images import check_images
from pytest_kubeflow.platform.checks.workloads.jobs import check_jobs
from pytest_kubeflow.platform.checks.workloads.pods import check_pods
from pytest_kubeflow.platform.checks.workloads.workloads import check_workloads
from pytest_kubeflow.platform.finding import Finding, by_weight
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import (
    AUTHORIZATION_POLICIES,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    DECORATORS,
    LEASES,
    PROFILES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    STORE_KEYS,
)
from pytest_kubeflow.platform.snapshot.observations import Observations
from tests.platform.objects import (
    a_deployment,
    a_namespace,
    a_node,
    a_service,
    a_slice,
    ago,
)
from tests.platform.snapshots import an_object, snapshot_of

CHECKS: Sequence[Check] = (
    check_claims,
    check_clocks,
    check_controllers,
    check_crashes,
    check_definitions,
    check_images,
    check_jobs,
    check_namespaces,
    check_nodes,
    check_pods,
    check_profiles,
    check_storage_classes,
    check_versions,
    check_workflows,
    check_workloads,
)

PARTS = {
    "dashboard": "ghcr.io/kubeflow/dashboard/dashboard:v2.0.0",
    "katib-controller": "ghcr.io/kubeflow/katib/katib-controller:v0.19.0",
    "kserve-controller-manager": "kserve/kserve-controller:v0.18.0",
    "ml-pipeline": "ghcr.io/kubeflow/kfp-api-server:2.16.1",
    "notebook-controller-deployment": "ghcr.io/kubeflow/notebooks/notebook-controller:v1.11.0",
    "poddefaults-webhook-deployment": "ghcr.io/kubeflow/dashboard/poddefaults-webhook:v2.0.0",
    "profiles-deployment": "ghcr.io/kubeflow/dashboard/profile-controller:v2.0.0",
    "workflow-controller": "quay.io/argoproj/workflow-controller:v3.7.3",
}
_LABELS = {
    "app.kubernetes.io/part-of": "kubeflow-profile",
    "katib.kubeflow.org/metrics-collector-injection": "enabled",
    "pipelines.kubeflow.org/enabled": "true",
}
RULE = {
    "apiGroups": ["argoproj.io"],
    "resources": ["workflows", "workflowtaskresults"],
    "verbs": ["*"],
}
_RESULTS = ("workflowtaskresults.argoproj.io", "experiments.kubeflow.org")


def a_class(name: str, *, default: bool = False, **fields: Any) -> Object:
    """A storage class."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return an_object(STORAGE_CLASSES, name, metadata={"annotations": annotations}, **fields)


def a_profile(name: str, *without: str, failed: str = "", **labels: str) -> list[Object]:
    """A profile with all its pieces, without those of these names."""
    conditions = [{"type": "Failed", "message": failed}] if failed else []
    metadata = {"creationTimestamp": ago(60)}
    pieces = (
        (SERVICE_ACCOUNTS, "default-editor"),
        (SERVICE_ACCOUNTS, "default-viewer"),
        (ROLE_BINDINGS, "default-editor"),
        (ROLE_BINDINGS, "default-viewer"),
        (ROLE_BINDINGS, "namespaceAdmin"),
        (AUTHORIZATION_POLICIES, "ns-owner-access-istio"),
        (STORE_KEYS, "mlpipeline-minio-artifact"),
        (CONFIG_MAPS, "metadata-grpc-configmap"),
        (CONFIG_MAPS, "kfp-launcher"),
        (CONFIG_MAPS, "artifact-repositories"),
    )
    owner = {"owner": {"name": f"{name}@example.org"}}
    found = {"conditions": conditions}
    return [
        an_object(PROFILES, name, metadata=metadata, spec=owner, status=found),
        a_namespace(name, labels={**_LABELS, **labels}),
        *(an_object(kind, one, name) for kind, one in pieces if one not in without),
    ]


def whole() -> list[Object]:
    """A platform that is as it should be."""
    ready = {"numberReady": 1, "readyReplicas": 1}
    return [
        a_namespace("kubeflow"),
        a_class("standard", default=True, provisioner="ebs.csi.aws.com"),
        a_node("node-a"),
        an_object(LEASES, "node-a", "kube-node-lease", spec={"renewTime": ago(seconds=3)}),
        *(a_deployment(name, image=image) for name, image in PARTS.items()),
        a_deployment("istiod", namespace="istio-system", image="gcr.io/istio/pilot:1.30.1"),
        a_deployment("cert-manager", namespace="cert-manager"),
        an_object(STATEFUL_SETS, "metacontroller", "kubeflow", spec={"replicas": 1}, status=ready),
        an_object(DECORATORS, "kubeflow-pipelines-profile-controller"),
        an_object(CLUSTER_ROLES, "kubeflow-edit", rules=[RULE]),
        a_service("seaweedfs"),
        a_slice("seaweedfs"),
        *a_profile("team"),
    ]


def a_snapshot(
    *objects: Object, without: Sequence[str] = (), logs: Mapping[str, str] | None = None
) -> Snapshot:
    """A whole platform with these objects, each in the place of one of its name and kind."""
    names = {_key(one) for one in objects}
    rest = [
        one for one in whole() if _key(one) not in names and one["metadata"]["name"] not in without
    ]
    observed = Observations(logs=logs or {})
    return snapshot_of(*rest, *objects, observed=observed, serves=_RESULTS)


def _key(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace", ""), metadata["name"]


def findings(snapshot: Snapshot) -> list[Finding]:
    """What these checks find."""
    return found_by(CHECKS, snapshot)


def found_by(checks: Iterable[Check], snapshot: Snapshot) -> list[Finding]:
    """What some checks find, without what follows from it."""
    found = {one for check in checks for one in check(snapshot)}
    return sorted(without_consequences(found), key=by_weight)
