"""PodWorker: one pod on this node, from its binding to its removal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytest_kubeflow.local.kube import ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kube.unreachable import level_of
from pytest_kubeflow.local.kubelet.containers.env import Reader
from pytest_kubeflow.local.kubelet.containers.ephemeral import EphemeralContainers
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog
from pytest_kubeflow.local.kubelet.containers.rootfs import PodIdentity
from pytest_kubeflow.local.kubelet.containers.runner import ContainerRunner
from pytest_kubeflow.local.kubelet.context import Backoff, Node, StopEvent
from pytest_kubeflow.local.kubelet.gpus import GpusUnavailable
from pytest_kubeflow.local.kubelet.pod_network.addresses import NoAddressLeft
from pytest_kubeflow.local.kubelet.pod_network.hosts import hostname_of, hosts_file
from pytest_kubeflow.local.kubelet.pods import eviction
from pytest_kubeflow.local.kubelet.pods.admission import PodRejected, admit
from pytest_kubeflow.local.kubelet.pods.sandbox import PodSandbox
from pytest_kubeflow.local.kubelet.pods.status import pod_status, rejected_status
from pytest_kubeflow.local.kubelet.pods.status_writer import StatusWriter
from pytest_kubeflow.local.kubelet.server.portforward import Dial
from pytest_kubeflow.local.kubelet.volumes.pod_volumes import PodVolumes, VolumeError

log = logging.getLogger(__name__)


class PodWorker:
    """Runs a pod. `run` ends when the pod is gone from the API and from this machine."""

    def __init__(self, node: Node, pod: Object, directory: Path) -> None:
        self._sandbox = PodSandbox(node)
        # Known to containers before the first status is written.
        self._known = {**(pod.get("status") or {}), "hostIP": node.addresses.host_ip}
        self.pod = pod = {**pod, "status": self._known}
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
        self._stopping = StopEvent()
        self._removal = asyncio.Event()
        self._ended = False
        self._failure: tuple[str, str] | None = None
        self._writer = StatusWriter(node.client, pod, self._status)
        policy = pod["spec"].get("restartPolicy", "Always")
        init_policy = "Never" if policy == "Never" else "OnFailure"
        self._init = self._runners(pod["spec"].get("initContainers") or [], init_policy, init=True)
        self._main = self._runners(pod["spec"]["containers"], policy)
        self._admitted = False
        self._rejection: tuple[str, str] | None = None
        self._settled = asyncio.Event()
        self._ephemeral = EphemeralContainers(
            lambda specs: self._runners(specs, "Never"), self._settled, self._stopping
        )
        if self._init:
            for runner in [*self._init, *self._main]:
                runner.status.wait("PodInitializing")
        self._resume()

    def _runners(
        self, specs: Sequence[Object], policy: str, *, init: bool = False
    ) -> list[ContainerRunner]:
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
                changed=self._writer.changed,
                init=init,
                neighbour=self.runner,
                network=lambda: self._sandbox.network,
            )
            for spec in specs
        ]

    def _resume(self) -> None:
        """Take up what an earlier kubelet has begun: no container that may run once runs twice."""
        for field, runners in (
            ("initContainerStatuses", self._init),
            ("containerStatuses", self._main),
        ):
            before = {one["name"]: one for one in self._known.get(field) or []}
            for runner in runners:
                status = before.get(runner.spec["name"]) or {}
                if runner.take_up(status):
                    self._volumes_ready = True
                    self._writer.written = self._known
                elif status.get("containerID"):
                    runner.status.resume(status)
        if any(one.will_run for one in self._main) and self._may_start_anew:
            if self._begun and not self._volumes_ready:
                message = "Pod sandbox changed, it will be killed and re-created."
                self._node.events.normal(self.pod, "SandboxChanged", message)
            for runner in self._init:
                runner.again()

    @property
    def _begun(self) -> bool:
        return any(one.status.container_id for one in [*self._init, *self._main])

    @property
    def _may_start_anew(self) -> bool:
        return not self._begun or self.pod["spec"].get("restartPolicy", "Always") != "Never"

    @property
    def ip(self) -> str | None:
        """The pod's address; None as long as it has none."""
        return self._sandbox.ip or None

    @property
    def dial(self) -> Dial | None:
        """How to connect to one of its ports by hand; None as long as it has no address."""
        return self._sandbox.dial

    @property
    def takes_resources(self) -> bool:
        """Whether others have to leave room for it."""
        return self._admitted and not self._ended

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.pod["metadata"]["namespace"], self.pod["metadata"]["name"]

    def runner(self, container: str) -> ContainerRunner | None:
        """The runner of a container, by its name."""
        runners = [*self._main, *self._init, *self._ephemeral.runners]
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
        self._writer.compare(pod)
        self._ephemeral.start(pod["spec"].get("ephemeralContainers") or [])
        if metadata.get("deletionTimestamp"):
            self._removal.set()
            self._stop(float(metadata.get("deletionGracePeriodSeconds") or 0))

    def gone(self) -> None:
        """The pod is no longer in the API: end it at once."""
        self._writer.gone()
        self._removal.set()
        self._stop(0)

    def write_hosts(self) -> None:
        """Write the pod's /etc/hosts, once it has an address and as long as it is read."""
        if self._sandbox.ip and not self._ended:
            # Written in place, because containers hold this very file as their /etc/hosts.
            names = self._node.names.seen_from(self.name[0])
            self._identity.hosts.write_text(hosts_file(self.pod, self._sandbox.ip, names))

    async def renew_tokens(self, clock: float) -> None:
        """Renew service account tokens that are due at `clock` (seconds since the epoch)."""
        if not self._ended:
            await self._volumes.renew_tokens(self.pod, clock)

    async def run(self) -> None:
        self._directory.mkdir(parents=True)
        servers = self._sandbox.name_server(self.pod)
        self._identity.write(hostname_of(self.pod), name_server=servers)
        writer = asyncio.create_task(self._writer.run())
        deadline = asyncio.create_task(self._watch_deadline())
        freeing: asyncio.Task[None] | None = None
        try:
            if await self._admit() and await self._connect():
                await self._live()
            # Before the end is told: who is told may put the next pod onto these GPUs.
            self._node.gpus.take_back(self.pod)
            self._ended = True
            self._settled.set()
            self._sandbox.tear_down(self.pod)
            deadline.cancel()
            freeing = asyncio.create_task(self._free_volumes())
            self._writer.end()
            await self._removal.wait()
            await self._writer.delete()
        finally:
            writer.cancel()
            deadline.cancel()
            await asyncio.gather(writer, deadline, return_exceptions=True)
            await self._ephemeral.ended()
            await asyncio.gather(*(runner.cleaned() for runner in self._every))
            if freeing is not None:
                await freeing
            self._node.gpus.take_back(self.pod)
            self._sandbox.tear_down(self.pod)
            self._cgroup.remove()
            await self._node.removal.remove(self._directory)

    async def _admit(self) -> bool:
        """Get what is this pod's alone; False if it cannot be had, and the pod has failed."""
        try:
            admit(
                self.pod,
                self._node.active(),
                labels=self._node.labels,
                capacity=self._node.allocatable,
            )
        except PodRejected as error:
            self._rejection = (error.reason, str(error))
            self._node.events.warning(self.pod, *self._rejection)
            return False
        self._admitted = True
        if self._unenforced is not None:
            self._node.events.warning(self.pod, "LimitsNotEnforced", self._unenforced[1])
        try:
            await self._node.gpus.lend(self.pod)
        except GpusUnavailable as error:
            self._failure = ("UnexpectedAdmissionError", str(error))
            self._node.events.warning(self.pod, *self._failure)
            return False
        return True

    async def _connect(self) -> bool:
        """Get an address, as soon as there is one; False if the pod is to stop before that."""
        backoff = Backoff(1, 10)
        while True:
            try:
                await self._sandbox.set_up(self.pod, self._known.get("podIP"))
            except (NoAddressLeft, OSError) as error:
                self._node.events.warning(
                    self.pod,
                    "FailedCreatePodSandBox",
                    f"Failed to create pod sandbox: failed to setup network for sandbox: {error}",
                )
                self._writer.changed()
            else:
                self._known["podIP"] = self._sandbox.ip
                self.write_hosts()
                return True
            if await self._stopping.within(backoff.delay()):
                return False

    async def _free_volumes(self) -> None:
        """Remove what a pod that has ended has written to emptyDirs, before the pod is removed."""
        volumes = self.pod["spec"].get("volumes") or []
        if any("emptyDir" in one for one in volumes):
            await self._node.removal.remove(self._directory / "volumes")

    async def refresh_volumes(self, client: Reader) -> None:
        """Bring what has changed in ConfigMaps and Secrets into the pod's volumes."""
        if not self._volumes_ready or self._ended:
            return
        try:
            await self._volumes.refresh(self.pod, client)
        except VolumeError as error:
            self._node.events.warning(self.pod, "FailedMount", str(error))
        except ApiUnreachableError as error:
            log.debug("volumes of pod %s/%s: %s", *self.name, error)

    async def check_storage(self) -> None:
        """Evict the pod if it has written more than it may."""
        if self._ended or not self._volumes_ready or not eviction.is_limited(self.pod):
            return
        containers = {one.spec["name"]: one.written for one in self._every}
        why = await asyncio.to_thread(
            eviction.verdict, self.pod, self._volumes.empty_dirs, containers
        )
        if why is not None and not self._stopping.is_set():
            self._failure = ("Evicted", why)
            self._node.events.warning(self.pod, "Evicted", why)
            self._stop(eviction.GRACE_SECONDS)

    @property
    def _every(self) -> list[ContainerRunner]:
        return [*self._init, *self._main, *self._ephemeral.runners]

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
                await self._run_main()
        finally:
            self._settled.set()
            grace = float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))
            for runner in self._ephemeral.runners:
                runner.stop(grace)
            for runner, _ in sidecars:
                runner.stop(grace)
            await asyncio.gather(*(task for _, task in sidecars), self._ephemeral.ended())

    async def _run_main(self) -> None:
        """Start the containers one after the other, as the kubelet does, and wait for all."""
        async with asyncio.TaskGroup() as group:
            for runner in self._main:
                group.create_task(runner.run())
                await runner.attempted.wait()
            self._settled.set()

    async def _set_up_volumes(self) -> bool:
        backoff = Backoff(0.5, 10)
        self._writer.changed()
        while not self._stopping.is_set():
            try:
                await self._volumes.set_up(self.pod)
            except VolumeError as error:
                self._node.events.warning(self.pod, "FailedMount", str(error))
            except ApiUnreachableError as error:
                log.log(level_of(error), "pod %s/%s: %s", *self.name, error)
            else:
                self._volumes_ready = True
                return True
            await self._stopping.within(backoff.delay())
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
        for runner in self._every:
            runner.stop(grace)

    def _status(self) -> Object:
        if self._rejection is not None:
            return rejected_status(self.pod, *self._rejection, self._started_at)
        return pod_status(
            self.pod,
            [runner.status for runner in self._init],
            [runner.status for runner in self._main],
            started_at=self._started_at,
            volumes_ready=self._volumes_ready,
            ip=self._sandbox.ip,
            host_ip=self._node.addresses.host_ip,
            stopped=self._ended and self._stopping.is_set(),
            failure=self._failure if self._ended else None,
            unenforced=self._unenforced,
            previous=self._writer.written.get("conditions", ()),
            ephemeral=[runner.status for runner in self._ephemeral.runners],
        )
