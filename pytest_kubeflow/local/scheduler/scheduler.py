"""Scheduler: puts pods on nodes through the Kubernetes API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import (
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    STORAGE_CLASSES,
)
from pytest_kubeflow.local.scheduler.affinity import depends_on_pods
from pytest_kubeflow.local.scheduler.predicates import Rejection, rejection
from pytest_kubeflow.local.scheduler.preferences import best
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from pytest_kubeflow.local.scheduler.terms import labels_of
from pytest_kubeflow.local.scheduler.verdict import impossible, nowhere

NAME = "default-scheduler"
_FINAL = {"Succeeded", "Failed"}


class UnschedulableError(Exception):
    """No node takes the pod now; the message is the pod's condition and event."""


class Scheduler(Controller):
    """First come, first served; who fits nowhere waits for the next change of the cluster."""

    name = NAME
    workers = 1  # one decision at a time: two would count on the same free CPU

    def __init__(
        self, client: KubeClient, informers: Informers, *, faults: Faults | None = None
    ) -> None:
        self._faults = faults or Faults()
        self._recorder = EventRecorder(client, NAME)
        self._waiting: dict[Key, str] = {}
        self._assumed: dict[Key, str] = {}
        self._unfinished: dict[Key, Object] = {}
        super().__init__(client, informers)

    def watch(self) -> None:
        self.pods = self.informers[PODS]
        self.pods.on_change(self._pod_changed)
        self.nodes = self.informers[NODES]
        self.namespaces = self.informers[NAMESPACES]
        self.claims = self.informers[PERSISTENT_VOLUME_CLAIMS]
        self.volumes = self.informers[PERSISTENT_VOLUMES]
        self.classes = self.informers[STORAGE_CLASSES]
        for informer in (self.nodes, self.claims, self.volumes, self.classes):
            informer.on_change(lambda _kind, _obj: self._wake())

    def _pod_changed(self, kind: str, pod: Object) -> None:
        key = key_of(pod)
        if kind == "DELETED" or (pod.get("status") or {}).get("phase") in _FINAL:
            self._unfinished.pop(key, None)
        else:
            self._unfinished[key] = pod
        if kind == "DELETED" or pod["spec"].get("nodeName"):
            self._waiting.pop(key, None)
            arrived = self._assumed.pop(key, None) is not None or kind == "ADDED"
            if kind == "DELETED" or pod.get("status", {}).get("phase") in _FINAL:
                self._wake()
            elif arrived:
                self._wake_those_with_company()
        elif pod["spec"].get("schedulerName", NAME) == NAME and key not in self._waiting:
            self.queue.add(key)

    def _wake(self) -> None:
        for key in self._waiting:
            self.queue.add(key)

    def _wake_those_with_company(self) -> None:
        for key in self._waiting:
            pod = self.pods.objects.get(key)
            if pod is not None and depends_on_pods(pod):
                self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        pod = self.pods.get(key[1], key[0])
        if (
            pod is None
            or pod["spec"].get("nodeName")
            or key in self._assumed
            or pod["metadata"].get("deletionTimestamp")
            or pod["spec"].get("schedulingGates")
        ):
            return
        try:
            node, claims = self._place(pod)
        except UnschedulableError as reason:
            await self._report(pod, str(reason))
            return
        if claims:
            # The claims are bound for this node first; their change wakes the pod up again.
            self._waiting.setdefault(key, "")
            await asyncio.gather(*(self._select_node(claim, node) for claim in claims))
            return
        await self._bind(pod, node)

    def _place(self, pod: Object) -> tuple[str, list[Object]]:
        """The node for `pod`, and the unbound claims that must be bound for it there."""
        if self._faults.active("requests-ignored"):
            containers = [{**one, "resources": {}} for one in pod["spec"]["containers"]]
            pod = {**pod, "spec": {**pod["spec"], "containers": containers}}
        bound, unbound = self._claims_of(pod)
        snapshot = self._snapshot()
        fitting: list[Object] = []
        rejections: dict[str, Rejection] = {}
        for name, node in snapshot.nodes.items():
            found = rejection(pod, node, snapshot, bound)
            if found is None:
                fitting.append(node)
            else:
                rejections[name] = found
        if not fitting:
            raise UnschedulableError(nowhere(pod, rejections))
        return best(pod, fitting, snapshot)["metadata"]["name"], unbound

    def _snapshot(self) -> Snapshot:
        pods: dict[str, list[Object]] = {}
        for key, pod in self._unfinished.items():
            if node := pod["spec"].get("nodeName") or self._assumed.get(key):
                pods.setdefault(node, []).append(pod)
        return Snapshot(
            nodes={name: node for (_, name), node in self.nodes.objects.items()},
            pods=pods,
            namespaces={
                name: labels_of(namespace)
                for (_, name), namespace in self.namespaces.objects.items()
            },
        )

    def _claims_of(self, pod: Object) -> tuple[list[Object], list[Object]]:
        """Volumes of the pod's bound claims, and its claims that wait for a first consumer."""
        bound, unbound = [], []
        for name in _claim_names(pod):
            claim = self.claims.get(name, pod["metadata"]["namespace"])
            if claim is None:
                raise self._impossible(pod, f'persistentvolumeclaim "{name}" not found')
            if claim["metadata"].get("deletionTimestamp"):
                raise self._impossible(pod, f'persistentvolumeclaim "{name}" is being deleted')
            volume = self.volumes.get(claim["spec"].get("volumeName", ""))
            if claim.get("status", {}).get("phase") == "Bound" and volume is not None:
                bound.append(volume)
            elif self._waits_for_consumer(claim):
                unbound.append(claim)
            else:
                raise self._impossible(pod, "pod has unbound immediate PersistentVolumeClaims")
        return bound, unbound

    def _impossible(self, pod: Object, reason: str) -> UnschedulableError:
        return UnschedulableError(impossible(pod, len(self.nodes.objects), reason))

    def _waits_for_consumer(self, claim: Object) -> bool:
        storage_class = self.classes.get(claim["spec"].get("storageClassName") or "")
        return (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"

    async def _select_node(self, claim: Object, node: str) -> None:
        metadata = claim["metadata"]
        annotations = {"volume.kubernetes.io/selected-node": node}
        if (metadata.get("annotations") or {}).items() >= annotations.items():
            return
        await self.client.patch(
            PERSISTENT_VOLUME_CLAIMS,
            metadata["name"],
            {"metadata": {"annotations": annotations}},
            namespace=metadata["namespace"],
        )

    async def _bind(self, pod: Object, node: str) -> None:
        metadata = pod["metadata"]
        key = key_of(pod)
        self._assumed[key] = node
        self._waiting.pop(key, None)
        try:
            await self.client.request(
                "POST",
                PODS.path(metadata["namespace"], metadata["name"]) + "/binding",
                body={
                    "apiVersion": "v1",
                    "kind": "Binding",
                    "metadata": {"name": metadata["name"], "uid": metadata["uid"]},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": node},
                },
            )
        except (ApiError, ApiUnreachableError) as error:
            self._assumed.pop(key, None)
            if isinstance(error, ApiError) and (error.not_found or error.conflict):
                return
            raise
        where = f"{metadata['namespace']}/{metadata['name']}"
        message = f"Successfully assigned {where} to {node}"
        await self._recorder.event(pod, "Normal", "Scheduled", message)

    async def _report(self, pod: Object, message: str) -> None:
        key = key_of(pod)
        if self._waiting.get(key) == message:
            return
        self._waiting[key] = message
        metadata = pod["metadata"]
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
        }
        try:
            await self.client.patch(
                PODS,
                metadata["name"],
                {"status": {"conditions": [condition]}},
                namespace=metadata["namespace"],
                subresource="status",
                kind="strategic",
            )
        except (ApiError, ApiUnreachableError) as error:
            self._waiting.pop(key, None)
            if isinstance(error, ApiError) and error.not_found:
                return
            raise
        await self._recorder.event(pod, "Warning", "FailedScheduling", message)


def _claim_names(pod: Object) -> Iterator[str]:
    for source in pod["spec"].get("volumes") or []:
        if "persistentVolumeClaim" in source:
            yield source["persistentVolumeClaim"]["claimName"]
