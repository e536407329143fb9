"""Pods and Jobs that have ended as they should not have, and containers that never began."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import JOBS, PODS
from pytest_kubeflow.local.platform.components.notebooks import VOLUMES_WEB_APP
from pytest_kubeflow.local.platform.faults.edits import Edit, Make
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import altered, container
from pytest_kubeflow.local.platform.images import PROXY_IMAGE

_SECURITY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_TOO_MUCH = "head -c 4194304 /dev/zero > /scratch/full; sleep 600"


def _once(one: Object, **fields: object) -> Object:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": _SECURITY,
        "containers": [one],
        **fields,
    }


def _not_created() -> Sequence[Edit]:
    """Its image has no program of that name."""
    return [altered(VOLUMES_WEB_APP, lambda one: {**one, "command": ["/no-such-program"]})]


def _evicted() -> Sequence[Edit]:
    """A pod that writes more than its volume may hold."""
    one = {
        **container("main", PROXY_IMAGE, _TOO_MUCH),
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }
    volume = {"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}
    metadata = {"name": "ml-pipeline-viewer-crd-1", "namespace": "kubeflow"}
    return [Make(PODS, {"metadata": metadata, "spec": _once(one, volumes=[volume])})]


def _failed() -> Sequence[Edit]:
    """A Job of the installation, which is not tried again."""
    one = container("main", PROXY_IMAGE, "echo 'no database to migrate' >&2; exit 1")
    spec = {"backoffLimit": 0, "template": {"spec": _once(one)}}
    metadata = {"name": "katib-db-migration", "namespace": "kubeflow"}
    return [Make(JOBS, {"metadata": metadata, "spec": spec})]


FAULTS = {
    "container-not-created": PlatformFault(_not_created),
    "pod-evicted": PlatformFault(_evicted),
    "job-failed": PlatformFault(_failed),
}
