"""RuntimeController: a runtime that TrainJobs name is kept by a finalizer.

Rules: kubeflow/trainer v2.2, pkg/controller/trainingruntime_controller.go and its sibling.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import TRAIN_JOBS
from pytest_kubeflow.local.training.trainer.runtimes import resource_of

FINALIZER = "trainer.kubeflow.org/resource-in-use"
_SECONDS = 1.0


class RuntimeController(Controller):
    """For runtimes of the kind `resource`, while Trainer's controller is there."""

    workers = 1

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        resource: Resource,
        presence: Presence,
    ) -> None:
        self.name = resource.plural
        self._resource = resource
        self._presence = presence
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.runtimes.objects))

    def watch(self) -> None:
        self.runtimes = self.enqueue_from(self._resource)
        self.train_jobs = self.informers[TRAIN_JOBS]
        self.train_jobs.on_change(self._train_job_changed)

    def _train_job_changed(self, _kind: str, trainjob: Object) -> None:
        if (key := self._key(trainjob)) is not None:
            self.queue.add_after(key, _SECONDS)

    def _key(self, trainjob: Object) -> Key | None:
        if resource_of(trainjob) is not self._resource:
            return None
        namespace = trainjob["metadata"]["namespace"] if self._resource.namespaced else ""
        return namespace, trainjob["spec"]["runtimeRef"]["name"]

    async def reconcile(self, key: Key) -> None:
        runtime = self.runtimes.get(key[1], key[0])
        if runtime is None or not self._presence.works():
            return
        metadata = runtime["metadata"]
        finalizers = list(metadata.get("finalizers") or [])
        used = any(self._key(one) == key for one in self.train_jobs.objects.values())
        if used and FINALIZER not in finalizers:
            wanted = [*finalizers, FINALIZER]
        elif metadata.get("deletionTimestamp") and not used and FINALIZER in finalizers:
            wanted = [one for one in finalizers if one != FINALIZER]
        else:
            return
        change = {"resourceVersion": metadata["resourceVersion"], "finalizers": wanted or None}
        await self.client.patch(
            self._resource, key[1], {"metadata": change}, namespace=key[0] or None
        )
