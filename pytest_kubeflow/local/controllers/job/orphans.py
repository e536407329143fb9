"""Pods that no Job will count any more are let go.

Rules: kubernetes/kubernetes pkg/controller/job/job_controller.go, syncOrphanPod.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.job.conditions import finished
from pytest_kubeflow.local.controllers.job.controller import MANAGER
from pytest_kubeflow.local.controllers.job.crew import release
from pytest_kubeflow.local.controllers.job.pods import is_tracked
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import JOBS, PODS


class OrphanedPodController(Controller):
    """Takes the finalizer from pods whose Job is gone or over."""

    name = "orphanedpods"
    workers = 1

    def watch(self) -> None:
        self.pods = self.informers[PODS]
        self.pods.on_change(self._pod_changed)
        self.jobs = self.informers[JOBS]
        self.jobs.on_change(self._job_changed)

    def _pod_changed(self, kind: str, pod: Object) -> None:
        if kind != "DELETED" and is_tracked(pod) and self._is_orphan(pod):
            self.queue.add(key_of(pod))

    def _job_changed(self, kind: str, job: Object) -> None:
        if kind != "DELETED" and finished(job) is None:
            return
        for pod in self.pods.controlled_by(job):
            if is_tracked(pod):
                self.queue.add(key_of(pod))

    def _is_orphan(self, pod: Object) -> bool:
        owner = controller_of(pod)
        if owner is None:
            return True
        if (owner["kind"], owner["apiVersion"]) != (JOBS.kind, JOBS.api_version):
            return False
        job = self.jobs.get(owner["name"], pod["metadata"]["namespace"])
        if job is None or job["metadata"]["uid"] != owner["uid"]:
            return True
        return job["spec"].get("managedBy") in {None, MANAGER} and finished(job) is not None

    async def reconcile(self, key: Key) -> None:
        pod = self.pods.get(key[1], key[0])
        if pod is not None and is_tracked(pod) and self._is_orphan(pod):
            await release(self.client, pod)
