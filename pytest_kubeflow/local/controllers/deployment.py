"""Deployments roll their pods over from one ReplicaSet to the next.

Rules: kubernetes/kubernetes pkg/controller/deployment (sync.go, rolling.go, progress.go).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.deploymentstatus import deployment_status, progress_deadline
from pytest_kubeflow.local.controllers.owners import controlled, controller_of, controller_reference
from pytest_kubeflow.local.controllers.rollout import new_size, old_sizes, replicas_of
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS, REPLICA_SETS

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
# No vowels and nothing that looks like another, so that hashes spell no words.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_HISTORY = 10


class DeploymentController(Controller):
    """Makes a ReplicaSet for each pod template, and moves replicas between them."""

    name = "deployment"

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._recorder = EventRecorder(client, "deployment-controller")
        super().__init__(client, informers)

    def watch(self) -> None:
        self.deployments = self.enqueue_from(DEPLOYMENTS)
        self.enqueue_from(REPLICA_SETS, _owner_key)

    async def reconcile(self, key: Key) -> None:
        deployment = self.deployments.get(key[1], key[0])
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return
        namespace = deployment["metadata"]["namespace"]
        listed = (await self.client.list(REPLICA_SETS, namespace))["items"]
        own = controlled(listed, deployment)
        digest = template_hash(deployment["spec"]["template"])
        new = next((one for one in own if _label(one) == digest), None)
        failure: ApiError | None = None
        if new is None:
            try:
                new = await self._create(deployment, digest, own)
            except ApiError as error:
                failure = error
        old = [one for one in own if _label(one) != digest]
        if new is not None and not deployment["spec"].get("paused"):
            new, old = await self._roll(deployment, new, old)
        await self._write_status(key, deployment, new, old, failure)
        if failure is not None:
            raise failure
        await self._forget(deployment, old)

    async def _create(self, deployment: Object, digest: str, own: list[Object]) -> Object:
        metadata, spec = deployment["metadata"], deployment["spec"]
        template = spec["template"]
        labels = {**(template["metadata"].get("labels") or {}), HASH_LABEL: digest}
        selector = spec["selector"]
        made = await self.client.create(
            REPLICA_SETS,
            {
                "metadata": {
                    "name": f"{metadata['name']}-{digest}",
                    "namespace": metadata["namespace"],
                    "labels": labels,
                    "annotations": {REVISION: str(max(map(revision_of, own), default=0) + 1)},
                    "ownerReferences": [controller_reference(deployment)],
                },
                "spec": {
                    "replicas": 0,
                    "selector": {
                        **selector,
                        "matchLabels": {
                            **(selector.get("matchLabels") or {}),
                            HASH_LABEL: digest,
                        },
                    },
                    "template": {
                        **template,
                        "metadata": {**template["metadata"], "labels": labels},
                    },
                },
            },
        )
        return {"apiVersion": REPLICA_SETS.api_version, "kind": REPLICA_SETS.kind, **made}

    async def _roll(
        self, deployment: Object, new: Object, old: list[Object]
    ) -> tuple[Object, list[Object]]:
        """One step; the next follows when the ReplicaSets have told that this one is done."""
        newest = max(map(revision_of, old), default=0) + 1
        if revision_of(new) < newest:  # a rollback takes up a ReplicaSet that is there already
            annotations = {REVISION: str(newest)}
            new = await self._patch(new, {"metadata": {"annotations": annotations}})
        spec = deployment["spec"]
        size = new_size(spec, new, old)
        if size != replicas_of(new["spec"]):
            return await self._scale(deployment, new, size), old
        sizes = old_sizes(spec, new, old)
        return new, [
            await self._scale(deployment, one, size) if size != replicas_of(one["spec"]) else one
            for one, size in zip(old, sizes, strict=True)
        ]

    async def _scale(self, deployment: Object, replica_set: Object, size: int) -> Object:
        before, name = replicas_of(replica_set["spec"]), replica_set["metadata"]["name"]
        scaled = await self._patch(replica_set, {"spec": {"replicas": size}})
        way = "up" if size > before else "down"
        await self._recorder.event(
            deployment,
            "Normal",
            "ScalingReplicaSet",
            f"Scaled {way} replica set {name} from {before} to {size}",
        )
        return scaled

    async def _patch(self, replica_set: Object, change: Object) -> Object:
        metadata = replica_set["metadata"]
        return await self.client.patch(
            REPLICA_SETS, metadata["name"], change, namespace=metadata["namespace"]
        )

    async def _write_status(
        self,
        key: Key,
        deployment: Object,
        new: Object | None,
        old: list[Object],
        failure: ApiError | None,
    ) -> None:
        metadata = deployment["metadata"]
        status = deployment_status(deployment, new, old, failure)
        deadline = progress_deadline(deployment, status)
        if deadline is not None:
            left = (deadline - datetime.now(UTC)).total_seconds()
            self.queue.add_after(key, max(left, 0) + 1)
        if status == deployment.get("status"):
            return
        try:
            await self.client.patch(
                DEPLOYMENTS,
                metadata["name"],
                {"metadata": {"uid": metadata["uid"]}, "status": status},
                namespace=metadata["namespace"],
                subresource="status",
            )
        except ApiError as error:
            if not error.not_found:
                raise

    async def _forget(self, deployment: Object, old: list[Object]) -> None:
        """Delete ReplicaSets without pods beyond the history that is to be kept."""
        empty = [
            one
            for one in sorted(old, key=revision_of)
            if not replicas_of(one["spec"]) and not (one.get("status") or {}).get("replicas")
        ]
        kept = deployment["spec"].get("revisionHistoryLimit", _HISTORY)
        for one in empty[: max(0, len(empty) - kept)]:
            metadata = one["metadata"]
            await self.client.delete(
                REPLICA_SETS,
                metadata["name"],
                metadata["namespace"],
                uid=metadata["uid"],
                propagation="Background",
            )


def template_hash(template: Object) -> str:
    """Ten characters that name a pod template."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    digits = []
    for _ in range(10):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def revision_of(replica_set: Object) -> int:
    """The number of the rollout that made a ReplicaSet."""
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _label(replica_set: Object) -> str | None:
    labels: dict[str, str] = replica_set["metadata"].get("labels") or {}
    return labels.get(HASH_LABEL)


def _owner_key(replica_set: Object) -> Key | None:
    owner = controller_of(replica_set)
    if owner is None or owner["kind"] != DEPLOYMENTS.kind:
        return None
    return replica_set["metadata"]["namespace"], owner["name"]
