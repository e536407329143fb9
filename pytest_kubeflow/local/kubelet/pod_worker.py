"""PodWorker: one pod on this node, from its binding to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.kubelet.addresses import HOST_IP
from pytest_kubeflow.local.kubelet.container import ContainerRunner
from pytest_kubeflow.local.kubelet.context import Backoff, Node
from pytest_kubeflow.local.kubelet.gpus import GpusUnavailable
from pytest_kubeflow.local.kubelet.logs import ContainerLog
from pytest_kubeflow.local.kubelet.rootfs import PodIdentity
from pytest_kubeflow.local.kubelet.status import now, pod_status
from pytest_kubeflow.local.kubelet.volumes import PodVolumes, VolumeError

log = logging.getLogger(__name__)

# A process of a few milliseconds is told as one change of status, not as three.
_SETTLE_SECONDS = 0.025


class PodWorker:
    """Runs a pod. `run` ends when the pod is gone from the API and from this machine."""

    def __init__(self, node: Node, pod: Object, directory: Path) -> None:
        own = not pod["spec"].get("hostNetwork")
        self._ip = node.addresses.lend(pod["metadata"]["uid"]) if own else HOST_IP
        # Known to containers before the first status is written.
        known = {**(pod.get("status") or {}), "podIP": self._ip, "hostIP": HOST_IP}
        self.pod = pod = {**pod, "status": known}
        self._node = node
        self._directory = directory
        self._started_at = (pod.get("status") or {}).get("startTime") or now()
        self._identity = PodIdentity(directory)
        self._volumes = PodVolumes(
            node.client,
            node.images,
            directory / "volumes",
            allocatable=node.allocatable,
            lossy=node.fault("volume-lossy"),
            directories=node.directories,
        )
        self._cgroup = node.enforcement.pod(pod, limited=not node.fault("limits-ignored"))
        self._unenforced = node.enforcement.refused(pod)
        self._volumes_ready = False
        self._stopping = asyncio.Event()
        self._removal = asyncio.Event()
        self._gone = False
        self._ended = False
        self._failure: tuple[str, str] | None = None
        self._dirty = asyncio.Event()
        self._written: Object = {}
        self._clean = asyncio.Event()
        policy = pod["spec"].get("restartPolicy", "Always")
        init_policy = "Never" if policy == "Never" else "OnFailure"
        self._init = self._runners(pod["spec"].get("initContainers") or [], init_policy)
        self._main = self._runners(pod["spec"]["containers"], policy)
        if self._init:
            for runner in [*self._init, *self._main]:
                runner.status.wait("PodInitializing")

    def _runners(self, specs: Sequence[Object], policy: str) -> list[ContainerRunner]:
        return [
            ContainerRunner(
                self._node,
                self.pod,
                spec,
                directory=self._directory / f"container-{spec['name']}",
                identity=self._identity,
                volumes=self._volumes,
                cgroup=self._cgroup,
                gpus=partial(self._node.gpus.share, self.pod, spec["name"]),
                policy=policy,
                changed=self._dirty.set,
            )
            for spec in specs
        ]

    @property
    def ip(self) -> str:
        """The pod's address."""
        return self._ip

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.pod["metadata"]["namespace"], self.pod["metadata"]["name"]

    def runner(self, container: str) -> ContainerRunner | None:
        """The runner of a container, by its name."""
        runners = [*self._main, *self._init]
        return next((one for one in runners if one.spec["name"] == container), None)

    def log_of(self, container: str, *, previous: bool) -> ContainerLog | None:
        """The log of the current run of a container, or of the one before."""
        runner = self.runner(container)
        if runner is None:
            return None
        runs = runner.logs[-2:]
        wanted = runner.status.restart_count - 1 if previous else runner.status.restart_count
        chosen = [one for one in runs if one.path.stem == str(wanted)]
        # While a restart waits for its turn, the run that has ended is still the current one.
        return chosen[0] if chosen else (None if previous or not runs else runs[-1])

    def update(self, pod: Object) -> None:
        """Take note of a change of the pod in the API."""
        self.pod = pod
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp"):
            self._removal.set()
            self._stop(float(metadata.get("deletionGracePeriodSeconds") or 0))

    def gone(self) -> None:
        """The pod is no longer in the API: end it at once."""
        self._gone = True
        self._removal.set()
        self._stop(0)

    @property
    def _hostname(self) -> str:
        return str(self.pod["spec"].get("hostname") or self.pod["metadata"]["name"])

    def write_hosts(self, services: Sequence[Object]) -> None:
        """Names of this cluster for the pod's /etc/hosts: there is no DNS server here."""
        namespace, _ = self.name
        lines = [
            "# Kubernetes-managed hosts file.",
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            f"{self._ip}\t{self._hostname}",
        ]
        addresses = {
            f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.cluster.local": ip
            for one in services
            if (ip := one["spec"].get("clusterIP")) and ip != "None"
        }
        for service in services:
            # A Service of the type ExternalName is another name for one of this cluster.
            address = service["spec"].get("clusterIP") or addresses.get(
                service["spec"].get("externalName")
            )
            if not address or address == "None":
                continue
            own, title = service["metadata"]["namespace"], service["metadata"]["name"]
            names = [f"{title}.{own}{end}" for end in (".svc.cluster.local", ".svc", "")]
            if own == namespace:
                names.append(title)
            lines.append(f"{address}\t{' '.join(names)}")
        for alias in self.pod["spec"].get("hostAliases") or []:
            lines.append(f"{alias['ip']}\t{' '.join(alias.get('hostnames') or [])}")
        # Written in place, because containers hold this very file as their /etc/hosts.
        self._identity.hosts.write_text("\n".join([*lines, ""]))

    async def renew_tokens(self, clock: float) -> None:
        """Renew service account tokens that are due at `clock` (seconds since the epoch)."""
        if not self._ended:
            await self._volumes.renew_tokens(self.pod, clock)

    async def run(self, services: Sequence[Object]) -> None:
        self._directory.mkdir(parents=True)
        self._identity.write(self._hostname)
        self.write_hosts(services)
        writer = asyncio.create_task(self._write_statuses())
        deadline = asyncio.create_task(self._watch_deadline())
        try:
            if await self._admit():
                await self._live()
            # Before the end is told: who is told may put the next pod onto these GPUs.
            self._node.gpus.take_back(self.pod)
            self._ended = True
            deadline.cancel()
            self._change()
            await self._removal.wait()
            if not self._gone:
                await self._clean.wait()
                await self._delete()
        finally:
            writer.cancel()
            deadline.cancel()
            await asyncio.gather(writer, deadline, return_exceptions=True)
            await asyncio.gather(*(runner.cleaned() for runner in [*self._init, *self._main]))
            self._node.gpus.take_back(self.pod)
            self._node.addresses.take_back(self.pod["metadata"]["uid"])
            self._cgroup.remove()
            await self._node.removal.remove(self._directory)

    async def _admit(self) -> bool:
        """Get what is this pod's alone; False if it cannot be had, and the pod has failed."""
        if self._unenforced is not None:
            self._node.events.warning(self.pod, "LimitsNotEnforced", self._unenforced[1])
        try:
            await self._node.gpus.lend(self.pod)
        except GpusUnavailable as error:
            self._failure = ("UnexpectedAdmissionError", str(error))
            self._node.events.warning(self.pod, *self._failure)
            return False
        return True

    def _change(self) -> None:
        self._clean.clear()
        self._dirty.set()

    async def _live(self) -> None:
        """Volumes, init containers one by one, containers side by side."""
        sidecars: list[tuple[ContainerRunner, asyncio.Task[None]]] = []
        try:
            if not await self._set_up_volumes():
                return
            for runner in self._init:
                if self._stopping.is_set():
                    return
                if runner.status.sidecar:
                    task = asyncio.create_task(runner.run())
                    sidecars.append((runner, task))
                    started = asyncio.create_task(runner.started.wait())
                    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
                    started.cancel()
                    continue
                await runner.run()
                if runner.status.exit_code != 0:
                    return
            if not self._stopping.is_set():
                await asyncio.gather(*(runner.run() for runner in self._main))
        finally:
            grace = float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))
            for runner, _ in sidecars:
                runner.stop(grace)
            await asyncio.gather(*(task for _, task in sidecars))

    async def _set_up_volumes(self) -> bool:
        backoff = Backoff(0.5, 10)
        self._change()
        while not self._stopping.is_set():
            try:
                await self._volumes.set_up(self.pod)
            except VolumeError as error:
                self._node.events.warning(self.pod, "FailedMount", str(error))
            except ApiUnreachableError as error:
                log.warning("pod %s/%s: %s", *self.name, error)
            else:
                self._volumes_ready = True
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff.delay()):
                    await self._stopping.wait()
        return False

    async def _watch_deadline(self) -> None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is None:
            return
        await asyncio.sleep(seconds)
        message = "Pod was active on the node longer than the specified deadline"
        self._failure = ("DeadlineExceeded", message)
        self._node.events.normal(self.pod, "DeadlineExceeded", message)
        self._stop(float(self.pod["spec"].get("terminationGracePeriodSeconds", 30)))

    def _stop(self, grace: float) -> None:
        self._stopping.set()
        for runner in [*self._main, *self._init]:
            runner.stop(grace)

    def _status(self) -> Object:
        return pod_status(
            self.pod,
            [runner.status for runner in self._init],
            [runner.status for runner in self._main],
            started_at=self._started_at,
            volumes_ready=self._volumes_ready,
            ip=self._ip,
            stopped=self._ended and self._stopping.is_set(),
            failure=self._failure if self._ended else None,
            unenforced=self._unenforced,
            previous=self._written.get("conditions", ()),
        )

    async def _write_statuses(self) -> None:
        """Bring each change into the API; changes that come close together go as one."""
        while True:
            await self._dirty.wait()
            if not self._ended:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLE_SECONDS):
                        await self._until_ended()
            self._dirty.clear()
            status = self._status()
            # A pod that runs on is never reported as finished: its last container ends first.
            if status["phase"] in {"Succeeded", "Failed"} and not self._ended:
                continue
            if status == self._written or self._gone or await self._write(status):
                self._written = status
            else:
                self._dirty.set()
            if self._ended and not self._dirty.is_set():
                self._clean.set()

    async def _until_ended(self) -> None:
        while not self._ended:
            self._dirty.clear()
            await self._dirty.wait()

    async def _write(self, status: Object) -> bool:
        namespace, name = self.name
        patch = {"metadata": {"uid": self.pod["metadata"]["uid"]}, "status": status}
        try:
            await self._node.client.patch(
                PODS, name, patch, namespace=namespace, subresource="status"
            )
        except (ApiError, ApiUnreachableError) as error:
            if isinstance(error, ApiError) and error.code in {404, 409}:
                return True  # it is gone, or it is another pod of this name by now
            log.warning("status of pod %s/%s is not written: %s", namespace, name, error)
            await asyncio.sleep(1)
            return False
        return True

    async def _delete(self) -> None:
        namespace, name = self.name
        uid = self.pod["metadata"]["uid"]
        while not self._gone:
            try:
                await self._node.client.delete(PODS, name, namespace, grace_seconds=0, uid=uid)
            except (ApiError, ApiUnreachableError) as error:
                if isinstance(error, ApiError) and error.code in {404, 409}:
                    return
                log.warning("pod %s/%s is not removed: %s", namespace, name, error)
                await asyncio.sleep(1)
            else:
                return
