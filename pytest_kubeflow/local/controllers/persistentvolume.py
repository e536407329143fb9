"""Claims are bound to volumes, and volumes made for them: binder, provisioner and protection.

The volumes are directories of one node (`spec.local`), as Rancher's local-path provisioner makes
them, which is what kind and k3s clusters have by default.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    STORAGE_CLASSES,
)

PROVISIONER = "kubeflow.local/path"
_PROTECTION = "kubernetes.io/pvc-protection"
_VOLUME_PROTECTION = "kubernetes.io/pv-protection"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_DIRECTORY_MODE = 0o777  # any uid of a pod may write, as on local-path volumes


class PersistentVolumeController(Controller):
    """Keys are claims `(namespace, name)` and volumes `("", name)`.

    With `provisions_only` it makes and removes volumes and leaves binding and protection to the
    kube-controller-manager of the cluster, as an external provisioner does.
    """

    name = "persistentvolume"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        directory: Path,
        node_name: str,
        faults: Faults,
        provisions_only: bool = False,
    ) -> None:
        self._provisions_only = provisions_only
        self._directory = directory
        self._node_name = node_name
        self._faults = faults
        self._recorder = EventRecorder(client, "persistentvolume-controller")
        super().__init__(client, informers)
        faults.on_change(self._requeue_claims)

    def watch(self) -> None:
        self.claims = self.enqueue_from(PERSISTENT_VOLUME_CLAIMS)
        self.volumes = self.enqueue_from(PERSISTENT_VOLUMES)
        self.classes = self.informers[STORAGE_CLASSES]
        self.classes.on_change(lambda _kind, _obj: self._requeue_claims())
        # A claim's protection ends with its last pod, and a released volume with its claim.
        self.pods = self.informers[PODS]
        self.pods.on_change(self._pod_changed)
        self.claims.on_change(self._claim_changed)

    def _requeue_claims(self) -> None:
        self.enqueue_all(self.claims.objects)

    def _pod_changed(self, _kind: str, pod: Object) -> None:
        for name in _claim_names(pod):
            key = (pod["metadata"]["namespace"], name)
            claim = self.claims.objects.get(key)
            if claim is not None and claim["metadata"].get("deletionTimestamp"):
                self.queue.add(key)

    def _claim_changed(self, kind: str, claim: Object) -> None:
        if kind == "DELETED" and (volume := claim["spec"].get("volumeName")):
            self.queue.add(("", volume))

    async def reconcile(self, key: Key) -> None:
        namespace, name = key
        if namespace:
            claim = self.claims.get(name, namespace)
            if claim is not None:
                await self._reconcile_claim(claim)
        else:
            volume = self.volumes.get(name)
            if volume is not None:
                await self._reconcile_volume(volume)

    async def _reconcile_claim(self, claim: Object) -> None:
        metadata = claim["metadata"]
        finalizers = metadata.get("finalizers") or []
        if metadata.get("deletionTimestamp"):
            if self._provisions_only:
                return
            if _PROTECTION in finalizers and not self._in_use(claim):
                await self._set_finalizers(claim, [f for f in finalizers if f != _PROTECTION])
            return
        if claim.get("status", {}).get("phase") == "Bound":
            return
        if self._faults.active("claim-pending"):
            message = f"waiting for a volume to be created by the provisioner {PROVISIONER!r}"
            await self._recorder.event(claim, "Normal", "ExternalProvisioning", message)
            return
        if self._provisions_only and claim["spec"].get("volumeName"):
            return
        volume = await self._volume_for(claim)
        if volume is None or self._provisions_only:
            return
        if _PROTECTION not in finalizers:
            claim = await self._set_finalizers(claim, [*finalizers, _PROTECTION])
        await self._bind(claim, volume)

    async def _volume_for(self, claim: Object) -> Object | None:
        """The volume that `claim` is to be bound to, made if need be; None: not yet."""
        wanted = claim["spec"].get("volumeName")
        if wanted:
            return self.volumes.get(wanted)
        class_name = claim["spec"].get("storageClassName")
        if not class_name:
            message = "no persistent volumes available for this claim and no storage class is set"
            await self._recorder.event(claim, "Normal", "FailedBinding", message)
            return None
        storage_class = self.classes.get(class_name)
        if storage_class is None:
            message = f'storageclass.storage.k8s.io "{class_name}" not found'
            await self._recorder.event(claim, "Warning", "ProvisioningFailed", message)
            return None
        if storage_class["provisioner"] == PROVISIONER and await self._may_provision(
            claim, storage_class
        ):
            return await self._provision(claim, storage_class)
        return None

    async def _may_provision(self, claim: Object, storage_class: Object) -> bool:
        if storage_class.get("volumeBindingMode") != "WaitForFirstConsumer":
            return True
        node = (claim["metadata"].get("annotations") or {}).get(_SELECTED_NODE)
        if node is None:
            message = "waiting for first consumer to be created before binding"
            await self._recorder.event(claim, "Normal", "WaitForFirstConsumer", message)
        # A claim of another node is for that node's provisioner.
        return bool(node == self._node_name)

    async def _provision(self, claim: Object, storage_class: Object) -> Object:
        metadata = claim["metadata"]
        name = f"pvc-{metadata['uid']}"
        path = self._directory / f"{name}_{metadata['namespace']}_{metadata['name']}"
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(_DIRECTORY_MODE)
        volume = {
            "metadata": {
                "name": name,
                "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
            },
            "spec": {
                "accessModes": claim["spec"]["accessModes"],
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
                "local": {"path": str(path)},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "kubernetes.io/hostname",
                                        "operator": "In",
                                        "values": [self._node_name],
                                    }
                                ]
                            }
                        ]
                    }
                },
                "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
                "storageClassName": storage_class["metadata"]["name"],
                "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            },
        }
        try:
            made = await self.client.create(PERSISTENT_VOLUMES, volume)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await self.client.get(PERSISTENT_VOLUMES, name)
        message = f"Successfully provisioned volume {name}"
        await self._recorder.event(claim, "Normal", "ProvisioningSucceeded", message)
        return made

    async def _bind(self, claim: Object, volume: Object) -> None:
        metadata, volume_name = claim["metadata"], volume["metadata"]["name"]
        if claim["spec"].get("volumeName") != volume_name:
            await self.client.patch(
                PERSISTENT_VOLUME_CLAIMS,
                metadata["name"],
                {
                    "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                    "spec": {"volumeName": volume_name},
                },
                namespace=metadata["namespace"],
            )
        await self.client.patch(
            PERSISTENT_VOLUMES,
            volume_name,
            {"status": {"phase": "Bound"}},
            subresource="status",
        )
        await self.client.patch(
            PERSISTENT_VOLUME_CLAIMS,
            metadata["name"],
            {
                "status": {
                    "phase": "Bound",
                    "accessModes": volume["spec"]["accessModes"],
                    "capacity": volume["spec"]["capacity"],
                }
            },
            namespace=metadata["namespace"],
            subresource="status",
        )

    async def _reconcile_volume(self, volume: Object) -> None:
        reference = volume["spec"].get("claimRef")
        if reference is None or "uid" not in reference:
            return
        if (volume["metadata"].get("annotations") or {}).get(
            "pv.kubernetes.io/provisioned-by"
        ) != PROVISIONER:
            return
        claim = self.claims.get(reference["name"], reference["namespace"])
        if claim is not None and claim["metadata"]["uid"] == reference["uid"]:
            return
        if claim is None and await self._claim_exists(reference):
            return
        if volume["spec"]["persistentVolumeReclaimPolicy"] != "Delete":
            if volume.get("status", {}).get("phase") != "Released":
                await self.client.patch(
                    PERSISTENT_VOLUMES,
                    volume["metadata"]["name"],
                    {"status": {"phase": "Released"}},
                    subresource="status",
                )
            return
        path = Path(volume["spec"]["local"]["path"])
        if path.parent == self._directory:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        try:
            await self.client.delete(PERSISTENT_VOLUMES, volume["metadata"]["name"])
            await self._release(volume)
        except ApiError as error:
            if not error.not_found:
                raise

    async def _release(self, volume: Object) -> None:
        """Let a volume go that no claim is bound to any more, which a real API server holds."""
        metadata = volume["metadata"]
        finalizers = metadata.get("finalizers") or []
        if self._provisions_only or _VOLUME_PROTECTION not in finalizers:
            return
        left = [one for one in finalizers if one != _VOLUME_PROTECTION]
        await self.client.patch(
            PERSISTENT_VOLUMES, metadata["name"], {"metadata": {"finalizers": left}}
        )

    async def _claim_exists(self, reference: Object) -> bool:
        try:
            claim = await self.client.get(
                PERSISTENT_VOLUME_CLAIMS, reference["name"], reference["namespace"]
            )
        except ApiError as error:
            if error.not_found:
                return False
            raise
        exists: bool = claim["metadata"]["uid"] == reference["uid"]
        return exists

    async def _set_finalizers(self, claim: Object, finalizers: list[str]) -> Object:
        metadata = claim["metadata"]
        return await self.client.patch(
            PERSISTENT_VOLUME_CLAIMS,
            metadata["name"],
            {"metadata": {"finalizers": finalizers}},
            namespace=metadata["namespace"],
        )

    def _in_use(self, claim: Object) -> bool:
        metadata = claim["metadata"]
        return any(
            pod["metadata"]["namespace"] == metadata["namespace"]
            and metadata["name"] in _claim_names(pod)
            and pod["spec"].get("nodeName")
            and pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}
            for pod in self.pods.objects.values()
        )


def _claim_names(pod: Object) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in volume
    ]
