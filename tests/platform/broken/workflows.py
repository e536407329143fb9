"""Argo Workflows, broken."""

from __future__ import annotations

from pytest_kubeflow.platform.snapshot.kind import (
    CLUSTER_ROLES,
)
from tests.platform.broken.fault import Broken
from tests.platform.broken.whole import RULE
from tests.platform.objects import (
    a_config,
)
from tests.platform.snapshots import an_object


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF801"] = Broken(
        [a_config("workflow-controller-configmap", containerRuntimeExecutor="pns")],
        "ConfigMap kubeflow/workflow-controller-configmap sets containerRuntimeExecutor: Argo "
        "v3.7.3 has no such setting and refuses all of the configuration",
    )
    found["KF802"] = Broken(
        [an_object(CLUSTER_ROLES, "kubeflow-edit", rules=[{**RULE, "verbs": ["get", "create"]}])],
        "ClusterRole kubeflow-edit, which default-editor has in every profile, may not patch "
        "workflowtaskresults.argoproj.io",
    )
    repository = '{"s3": {"endpoint": "minio-service.kubeflow:9000", "bucket": "mlpipeline"}}'
    found["KF803"] = Broken(
        [a_config("artifact-repositories", "team", **{"default-namespaced": repository})],
        "artifacts cannot be stored: ConfigMap team/artifact-repositories sends them to Service "
        "kubeflow/minio-service, which is not there",
    )
    return found
