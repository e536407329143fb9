"""Pods that crash, wait, or are never made; Deployments that do not get where they should."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS, JOBS, PODS
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.dashboard import DASHBOARD, PROFILES
from pytest_kubeflow.local.platform.components.kserve import KSERVE
from pytest_kubeflow.local.platform.components.notebooks import VOLUMES_WEB_APP
from pytest_kubeflow.local.platform.components.pipelines import (
    ML_PIPELINE,
    ML_PIPELINE_UI,
    PERSISTENCE_AGENT,
    SCHEDULED_WORKFLOW,
    WORKFLOW_CONTROLLER,
)
from pytest_kubeflow.local.platform.faults.edits import (
    Backdate,
    Change,
    Edit,
    EditTarget,
    Make,
    Remove,
    Undo,
    until,
)
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import (
    altered,
    container,
    crashing,
    running,
    saying,
)
from pytest_kubeflow.local.platform.images import PROXY_IMAGE
from pytest_kubeflow.local.platform.workloads import selector_of

_INOTIFY = (
    "F1129 12:00:00.000000       1 main.go:60] Failed to initialize: failed to create fsnotify "
    "watcher: too many open files"
)
_PANIC = "panic: runtime error: invalid memory address or nil pointer dereference"
_NO_API = (
    'E1129 12:00:00.000000       1 main.go:90] "unable to start manager" err="failed to get API '
    "group resources: unable to retrieve the complete list of server APIs: v1: Get "
    '"https://10.96.0.1:443/api/v1": dial tcp 10.96.0.1:443: connect: connection refused"'
)
_HOG = "exec python3 -c 'x = bytearray(512 * 2**20); import time; time.sleep(600)'"
_LONG = 900  # seconds


def _older(component: Component) -> Edit:
    """Its pods have been as they are for a quarter of an hour."""
    labels = ",".join(f"{key}={value}" for key, value in selector_of(component).items())
    return Backdate(PODS, component.namespace, labels, _LONG)


def _privileged(one: Object) -> Object:
    context = {**one["securityContext"], "privileged": True, "allowPrivilegeEscalation": True}
    return {**one, "securityContext": context}


def _of_no_release(one: Object) -> Object:
    name, _, _ = one["image"].rpartition(":")
    return {**one, "image": f"{name}:2.99.0"}


def _stuck() -> Sequence[Edit]:
    """A Deployment whose rollout has taken too long, with its old pods in service."""
    more = {"progressDeadlineSeconds": 1}
    return [altered(ML_PIPELINE_UI, _of_no_release, rolling=True, more=more)]


def _late_proxy() -> Edit:
    """A component beside an ordinary proxy, which is not ready when it asks for the API."""

    def patch(before: Object) -> Object:
        first, *others = before["spec"]["template"]["spec"]["containers"]
        crashing = {**first, "command": ["sh", "-c", saying(_NO_API)]}
        proxy = container("istio-proxy", PROXY_IMAGE, "sleep infinity")
        spec = {"initContainers": None, "containers": [crashing, *others, proxy]}
        strategy = {"type": "Recreate", "rollingUpdate": None}
        return {"spec": {"strategy": strategy, "template": {"spec": spec}}}

    return Change(DEPLOYMENTS, PROFILES.name, patch, PROFILES.namespace)


class _NotEnding:
    """A pod that was deleted, and that a finalizer keeps."""

    NAME = "ml-pipeline-viewer-crd-0"

    async def apply(self, place: EditTarget) -> Undo:
        metadata = {
            "name": self.NAME,
            "namespace": "kubeflow",
            "labels": {"app": "ml-pipeline-viewer-crd"},
            "finalizers": ["kubeflow.org/viewer-cleanup"],
        }
        one = container("main", PROXY_IMAGE, "sleep infinity")
        spec = {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [one],
        }
        undo = await Make(PODS, {"metadata": metadata, "spec": spec}).apply(place)
        await place.client.delete(PODS, self.NAME, "kubeflow")

        async def leaving() -> bool:
            found = await place.client.get(PODS, self.NAME, "kubeflow")
            return bool(found["metadata"].get("deletionTimestamp"))

        await until(leaving)
        await Backdate(PODS, "kubeflow", None, _LONG, name=self.NAME).apply(place)
        return undo


class _KeptJob:
    """The pod of a Job, whose own container has ended and whose proxy runs on."""

    NAME = "training-data"

    async def apply(self, place: EditTarget) -> Undo:
        namespace = "kubeflow-user-example-com"
        metadata = {"name": self.NAME, "namespace": namespace}
        labels = {"job-name": self.NAME, "batch.kubernetes.io/job-name": self.NAME}
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [
                container("main", PROXY_IMAGE, "exit 0"),
                container("istio-proxy", PROXY_IMAGE, "sleep infinity"),
            ],
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        undo = await Make(JOBS, {"metadata": metadata, "spec": {"template": template}}).apply(place)
        job = await place.client.get(JOBS, self.NAME, namespace)
        owner = {
            "apiVersion": JOBS.api_version,
            "kind": JOBS.kind,
            "name": self.NAME,
            "uid": job["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        pod = {
            "metadata": {
                "name": f"{self.NAME}-x7k2p",
                "namespace": namespace,
                "labels": labels,
                "ownerReferences": [owner],
            },
            "spec": spec,
        }
        undo_pod = await Make(PODS, pod).apply(place)
        await place.client.patch(
            JOBS, self.NAME, {"status": {"active": 1}}, namespace=namespace, subresource="status"
        )

        async def both() -> None:
            await undo_pod()
            await undo()

        return both


def _refused() -> Sequence[Edit]:
    source = {"secretRef": {"name": "mysql-secret"}}
    return [altered(ML_PIPELINE, lambda one: {**one, "envFrom": [source]})]


def _never_ready() -> Sequence[Edit]:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 5}
    return [running(VOLUMES_WEB_APP, "sleep infinity", readinessProbe=probe)]


def _hungry() -> Sequence[Edit]:
    resources = {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}}
    return [running(SCHEDULED_WORKFLOW, _HOG, resources=resources)]


FAULTS = {
    "pod-crash-looping": PlatformFault(lambda: [crashing(ML_PIPELINE_UI, _PANIC, 2)]),
    "inotify-exhausted": PlatformFault(lambda: [crashing(ML_PIPELINE, _INOTIFY, 255)]),
    "workload-without-pods": PlatformFault(
        lambda: [
            altered(
                PERSISTENCE_AGENT, lambda one: one, pod={"serviceAccountName": "ml-pipeline-gone"}
            )
        ]
    ),
    "pod-security-refused": PlatformFault(lambda: [altered(WORKFLOW_CONTROLLER, _privileged)]),
    "pod-unschedulable": PlatformFault(
        lambda: [
            altered(DASHBOARD, lambda one: one, pod={"nodeSelector": {"pool": "kubeflow"}}),
            _older(DASHBOARD),
        ]
    ),
    "pod-not-ending": PlatformFault(lambda: [_NotEnding()]),
    "out-of-memory": PlatformFault(_hungry),
    "workload-not-ready": PlatformFault(_never_ready),
    "controller-missing": PlatformFault(
        lambda: [Remove(DEPLOYMENTS, KSERVE.name, KSERVE.namespace)]
    ),
    "rollout-stuck": PlatformFault(_stuck),
    "proxy-late": PlatformFault(lambda: [_late_proxy()]),
    "job-kept-by-sidecar": PlatformFault(lambda: [_KeptJob()]),
    "container-config-refused": PlatformFault(_refused),
}
