"""MirrorPods: programs of the cluster itself, shown to the API server as pods of this node.

A kubelet shows its static pods that way: `kubernetes.io/config.mirror` marks a pod that runs
whether the API server knows it or not, and that is made anew when somebody deletes it
(kubernetes/kubernetes pkg/kubelet/pod/mirror_client.go).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from pytest_kubeflow.local.kube import ApiError, KubeClient, PatientClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kubelet.server.portforward import Dial

log = logging.getLogger(__name__)

MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Program:
    """One that runs at `ip`, and listens there on `ports`. `app` is its label and its name."""

    app: str
    namespace: str
    image: str
    ip: str
    ports: tuple[int, ...]


def is_mirror(pod: Object) -> bool:
    """Whether a pod stands for a program that no kubelet has to start."""
    return MIRROR in (pod["metadata"].get("annotations") or {})


class MirrorPods:
    """Those of one node. What others change is mended by `patient`, whenever that can be."""

    def __init__(
        self, client: KubeClient, node: str, *, host_ip: str, patient: PatientClient
    ) -> None:
        self._client = client
        self._patient = patient
        self._host_ip = host_ip
        self._node = node
        self._programs: dict[tuple[str, str], Program] = {}
        self._uids: dict[tuple[str, str], str] = {}
        self._turn = asyncio.Lock()

    async def show(self, program: Program) -> None:
        """Make the pod of `program`, ready to be used."""
        key = (program.namespace, f"{program.app}-{self._node}")
        async with self._turn:
            self._programs[key] = program
            await self._create(self._client, key, program)

    def dial_of(self, namespace: str, name: str) -> Dial | None:
        """How to connect to that mirror pod, if it is one."""
        program = self._programs.get((namespace, name))
        return None if program is None else partial(asyncio.open_connection, program.ip)

    async def changed(self, pod: Object) -> None:
        """Bring back what somebody has deleted, and what is said of a node that was away.

        Its controller makes the pods of a node that it does not hear of unready; who hears of it
        again is told so by the kubelet.
        """
        metadata = pod["metadata"]
        key = (metadata["namespace"], metadata["name"])
        async with self._turn:
            program = self._programs.get(key)
            if program is None or self._uids.get(key) != metadata["uid"]:
                return
            if metadata.get("deletionTimestamp"):
                await self._delete(self._patient, key)
                await self._create(self._patient, key, program)
            elif not _is_ready(pod) and "conditions" in (pod.get("status") or {}):
                await self._tell(self._patient, key, program)

    async def withdraw(self) -> None:
        """Remove all of them: their programs are about to end."""
        async with self._turn:
            programs, self._programs = self._programs, {}
            for key in programs:
                await self._delete(self._client, key)

    async def _delete(self, client: KubeClient, key: tuple[str, str]) -> None:
        namespace, name = key
        try:
            await client.delete(PODS, name, namespace, grace_seconds=0)
        except ApiError as error:
            if not error.not_found:
                raise

    async def _create(self, client: KubeClient, key: tuple[str, str], program: Program) -> None:
        namespace, name = key
        metadata = {
            "name": name,
            "namespace": namespace,
            "labels": {"app": program.app},
            "annotations": {
                "kubernetes.io/config.source": "file",
                MIRROR: f"{namespace}-{name}",
            },
        }
        ports = [{"containerPort": port, "protocol": "TCP"} for port in program.ports]
        container = {"name": program.app, "image": program.image, "ports": ports}
        spec = {"nodeName": self._node, "containers": [container]}
        pod = {"metadata": metadata, "spec": spec}
        try:
            made = await client.create(PODS, pod)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            # Of an earlier start, which was killed: its ports were others.
            await self._delete(client, key)
            made = await client.create(PODS, pod)
        self._uids[key] = made["metadata"]["uid"]
        await self._tell(client, key, program)

    async def _tell(self, client: KubeClient, key: tuple[str, str], program: Program) -> None:
        """Write the status of a pod that runs and is ready."""
        namespace, name = key
        began = now()
        conditions = [
            {"type": one, "status": "True", "lastTransitionTime": began}
            for one in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        status = {
            "phase": "Running",
            "startTime": began,
            "hostIP": self._host_ip,
            "podIP": program.ip,
            "podIPs": [{"ip": program.ip}],
            "conditions": conditions,
            "containerStatuses": [
                {
                    "name": program.app,
                    "image": program.image,
                    "imageID": program.image,
                    "ready": True,
                    "started": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": began}},
                }
            ],
        }
        try:
            await client.patch(
                PODS, name, {"status": status}, namespace=namespace, subresource="status"
            )
        except ApiError as error:
            if not error.not_found:  # deleted meanwhile: that is another change
                raise


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
