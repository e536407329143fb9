"""ContainerRunner: one container of a pod, from its image through all of its restarts."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kubelet.cgroups import ContainerCgroup, PodCgroup
from pytest_kubeflow.local.kubelet.containers.console import Console
from pytest_kubeflow.local.kubelet.containers.env import ConfigError
from pytest_kubeflow.local.kubelet.containers.hosted_work import HostedWork, writing_to
from pytest_kubeflow.local.kubelet.containers.launch import Launch, configure
from pytest_kubeflow.local.kubelet.containers.lifecycle import ContainerLifecycle
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog
from pytest_kubeflow.local.kubelet.containers.probes import Inside
from pytest_kubeflow.local.kubelet.containers.rootfs import PodIdentity
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.containers.streams import Streams
from pytest_kubeflow.local.kubelet.containers.termination import (
    MESSAGE_BYTES,
    start_error,
    termination_message,
)
from pytest_kubeflow.local.kubelet.context import Backoff, Node, StopEvent
from pytest_kubeflow.local.kubelet.gpus import GpuShare
from pytest_kubeflow.local.kubelet.images.catalogue import Image
from pytest_kubeflow.local.kubelet.images.hosted import HostedProgram
from pytest_kubeflow.local.kubelet.images.pull import pull
from pytest_kubeflow.local.kubelet.volumes.pod_volumes import PodVolumes
from pytest_kubeflow.local.network.podnetworks import PodNetwork
from pytest_kubeflow.local.spawner import (
    ExitStatus,
    Identity,
    ProcessSpec,
    SpawnerError,
    SpawnError,
)

_NEVER = "1970-01-01T00:00:00Z"


class ContainerRunner:
    """Runs one container until it need not run any more; `changed` is called after each change."""

    def __init__(
        self,
        node: Node,
        pod: Object,
        spec: Object,
        *,
        directory: Path,
        identity: PodIdentity,
        volumes: PodVolumes,
        cgroup: PodCgroup,
        gpus: Callable[[], GpuShare],
        policy: str,
        changed: Callable[[], None],
        init: bool = False,
        neighbour: Callable[[str], ContainerRunner | None] = lambda _: None,
        network: Callable[[], PodNetwork | None] = lambda: None,
    ) -> None:
        self.spec = spec
        self.status = ContainerStatus(
            spec["name"],
            spec.get("image", ""),
            sidecar=spec.get("restartPolicy") == "Always",
            init=init,
        )
        self.logs: list[ContainerLog] = []
        self.started = asyncio.Event()
        self.attempted = asyncio.Event()
        """Set when the container runs, its postStart handler included, or could not be started."""
        self._node = node
        self._pod = pod
        self._directory = directory
        self._identity = identity
        self._volumes = volumes
        self._pod_cgroup = cgroup
        self._gpus = gpus
        self._policy = "Always" if self.status.sidecar else policy
        self._changed = changed
        self.ended = asyncio.Event()
        """Set when a run has ended."""

        self._network = network
        self._idle = asyncio.Event()
        self._idle.set()
        self._lifecycle = ContainerLifecycle(
            node, pod, spec, self.status, self.started, self.attempted, changed
        )
        self._anew = False
        self._stopping = StopEvent()
        self._work = HostedWork(
            pod,
            spec,
            volumes=volumes,
            neighbour=lambda name: _Neighbour(neighbour(name)),
            stopping=self._stopping,
        )
        self._inside: Inside | None = None
        self.console: Console | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._backoff = Backoff(10, 300)

    async def run(self) -> None:
        """Until the container has ended for good, or `stop` has ended it."""
        try:
            await self._run()
        finally:
            self.attempted.set()

    async def _run(self) -> None:
        restarted = False
        if self.status.exit_code is not None and not self._anew:
            if not self._restarts():
                return
            self.status.restart_count += 1
            restarted = True
        while not self._stopping.is_set():
            if not await self._run_once() or not self._restarts():
                return
            # The first restart is at once, the next ones wait: as the kubelet does.
            if restarted and not await self._back_off():
                return
            restarted = True
            self.status.restart_count += 1

    @property
    def will_run(self) -> bool:
        """Whether there is a run to come, as far as is known before the first one."""
        return self.status.exit_code is None or self._restarts()

    @property
    def written(self) -> Path:
        """Where what the container has written lies, its logs included."""
        return self._directory

    def again(self) -> None:
        """Run an init container of an earlier kubelet once more: what it made is gone."""
        if self.status.exit_code is not None and not self.status.sidecar:
            self.status.wait("PodInitializing")
            self.status.restart_count += 1
            self._anew = True

    def _restarts(self) -> bool:
        if self._stopping.is_set() or self._policy == "Never":
            return False
        return self._policy == "Always" or self.status.exit_code != 0

    async def _back_off(self) -> bool:
        delay = self._backoff.delay()
        metadata = self._pod["metadata"]
        name = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"back-off {delay:g}s restarting failed container={self.spec['name']} pod={name}"
        self.status.wait("CrashLoopBackOff", message)
        self._changed()
        self._node.events.warning(
            self._pod,
            "BackOff",
            f"Back-off restarting failed container {self.spec['name']} in pod {name}",
        )
        return await self._pause(delay)

    async def _pause_after_failure(self, seconds: float) -> bool:
        self.attempted.set()
        return await self._pause(seconds)

    async def _pause(self, seconds: float) -> bool:
        """Wait; False if the container is to stop meanwhile."""
        return not await self._stopping.within(seconds)

    async def _run_once(self) -> bool:
        """One run from image to end; False if the pod stopped before there was one."""
        if self.status.running and (program := self._hosted) is not None:
            await self._run_hosted(program)
            return True
        image = await pull(
            self._node,
            self._pod,
            self.status,
            policy=self.spec.get("imagePullPolicy", "IfNotPresent"),
            changed=self._changed,
            pause=self._pause_after_failure,
        )
        if image is None or (launch := await self._configure(image)) is None:
            return False
        self.status.image_id = image.id
        if (program := self._hosted) is not None:
            await self._run_hosted(program)
            return True
        directory = self._directory / str(self.status.restart_count)
        message_file = self._directory / f"termination-{self.status.restart_count}"
        message_file.parent.mkdir(parents=True, exist_ok=True)
        message_file.touch()
        message_file.chmod(0o666)
        log = ContainerLog(self._directory / f"{self.status.restart_count}.log")
        self.logs = [*self.logs[-1:], log]
        try:
            cgroup = self._pod_cgroup.container(self.spec, self.status.restart_count)
        except OSError as error:
            os.close(log.connect("stdout"))
            await self._not_started(log, f"unable to apply cgroup configuration: {error.strerror}")
            return True
        try:
            spec = launch.process_spec(
                self._node,
                self.spec,
                directory,
                pod=self._identity,
                message_file=message_file,
                cgroup=cgroup,
                network=self._network(),
            )
        except OSError as error:
            os.close(log.connect("stdout"))
            await self._not_started(log, f"unable to make its file system: {error}")
            self._in_background(self._remove(directory, cgroup))
            return True
        try:
            await self._run_process(spec, launch.identity, log, message_file, cgroup)
        finally:
            # In the background: the pod's end is told before its files are removed.
            self._in_background(self._remove(directory, cgroup))
        return True

    @property
    def _hosted(self) -> HostedProgram | None:
        """The component that the container stands for, unless its pod names another command."""
        return self._node.images.hosted.find(self.spec, self._pod)

    def take_up(self, before: Object) -> bool:
        """Whether the container runs already, as those of hosted images do; then go on with it."""
        if "running" not in (before.get("state") or {}) or self._hosted is None:
            return False
        self.status.take_up(before)
        return True

    async def _run_hosted(self, program: HostedProgram) -> None:
        """Let the component answer at the pod's address until the container is to end."""
        events, name, ip = self._node.events, self.spec["name"], self._pod["status"]["podIP"]
        log = ContainerLog(self._directory / f"{self.status.restart_count}.log")
        self.logs = [*self.logs[-1:], log]
        try:
            with writing_to(log) as write:
                network = self._network()
                at = network.listen if network is not None else partial(_listening, ip)
                async with program.listening(at):
                    if not self.status.running:
                        self.status.container_id = f"hosted://{uuid.uuid4().hex}{uuid.uuid4().hex}"
                        events.normal(self._pod, "Created", f"Created container: {name}")
                        events.normal(self._pod, "Started", f"Started container {name}")
                        self.status.run(now())
                        self.status.started = self.status.ready = True
                        self._changed()
                    self.attempted.set()
                    self.started.set()
                    started_at = self.status.state["running"]["startedAt"]
                    message: list[str] = []
                    if program.body is not None:
                        code = await self._work.do(program.body, write, message.append)
                    else:
                        write(f"{program.reference} serves in the process of its node\n")
                        await self._stopping.wait()
                        code = 0
        except OSError as error:
            await self._not_started(log, f"{ip}: {error.strerror or error}")
            return
        found = message[-1][:MESSAGE_BYTES] if message else ""
        self._terminated("Completed" if code == 0 else "Error", code, started_at, found)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _remove(self, directory: Path, cgroup: ContainerCgroup) -> None:
        await asyncio.to_thread(cgroup.remove)
        await self._node.removal.remove(directory)

    async def cleaned(self) -> None:
        """Wait until the files of runs that have ended are removed."""
        await asyncio.gather(*self._background)

    async def _configure(self, image: Image) -> Launch | None:
        """What to start, tried again and again until what the pod refers to is there."""
        backoff = Backoff(1, 10)
        while True:
            try:
                return await configure(
                    self._node,
                    self._pod,
                    self.spec,
                    image,
                    self._volumes,
                    self._gpus(),
                    apart=self._network() is not None,
                )
            except (ConfigError, ApiUnreachableError) as error:
                problem = str(error)
            except ApiError as error:
                problem = error.message
            self.status.wait("CreateContainerConfigError", problem)
            self._changed()
            self._node.events.warning(self._pod, "Failed", f"Error: {problem}")
            if not await self._pause_after_failure(backoff.delay()):
                return None

    async def _not_started(self, log: ContainerLog, problem: str) -> None:
        await log.drained()
        message = start_error(problem)
        name = self.spec["name"]
        self._node.events.normal(self._pod, "Created", f"Created container: {name}")
        self._node.events.warning(self._pod, "Failed", f"Error: {message}")
        self._terminated("StartError", 128, _NEVER, message)

    async def _run_process(
        self,
        spec: ProcessSpec,
        who: Identity,
        log: ContainerLog,
        message_file: Path,
        cgroup: ContainerCgroup,
    ) -> None:
        events, name = self._node.events, self.spec["name"]
        self.status.container_id = f"process://{uuid.uuid4().hex}{uuid.uuid4().hex}"
        streams = Streams(self.spec, log)
        try:
            process = await streams.spawn(self._node.spawner, spec)
        except (SpawnError, SpawnerError) as error:
            streams.close()
            if isinstance(error, SpawnError):
                await self._not_started(log, str(error))
            else:
                self._terminated("StartError", 128, _NEVER, "the node is shutting down")
            return
        self.console = streams.console
        events.normal(self._pod, "Created", f"Created container: {name}")
        events.normal(self._pod, "Started", f"Started container {name}")
        started_at = now()
        begun = asyncio.get_running_loop().time()
        self._idle.clear()
        self.status.run(started_at)
        ports = {
            port["name"]: port["containerPort"]
            for port in self.spec.get("ports") or []
            if "name" in port
        }
        self._inside = Inside(
            self._node.spawner,
            process,
            dict(spec.env),
            spec.working_dir or "/",
            who,
            ports,
            self._pod["status"]["podIP"],
        )
        watching = asyncio.create_task(self._lifecycle.supervise(self._inside))
        try:
            if self._stopping.is_set():
                self._in_background(self._lifecycle.end(self._inside))
            status = await process.wait()
            await log.drained()
        except asyncio.CancelledError:
            # The node stops: nobody waits for what has been given time to end by itself.
            process.kill()
            raise
        finally:
            watching.cancel()
            self._inside = None
            streams.close()
        if asyncio.get_running_loop().time() - begun > 600:
            self._backoff.reset()
        self._finish(status, started_at, message_file, log, cgroup)

    @property
    def inside(self) -> Inside | None:
        """How to act on the container while it runs."""
        return self._inside

    async def idle(self) -> None:
        """Return when no process of the container runs."""
        await self._idle.wait()

    def _finish(
        self,
        status: ExitStatus,
        started_at: str,
        message_file: Path,
        log: ContainerLog,
        cgroup: ContainerCgroup,
    ) -> None:
        code = status.shell_code
        message = termination_message(self.spec, message_file, log, code)
        reason = "Completed" if code == 0 else "Error"
        # Whatever the code: containerd says so even of a container that outlived it and went well
        # (internal/cri/server, events.go and container_status.go).
        if cgroup.oom_killed():
            reason = "OOMKilled"
        self._terminated(reason, code, started_at, message)

    def _terminated(self, reason: str, code: int, started_at: str, message: str) -> None:
        self._idle.set()
        self.attempted.set()
        self.ended.set()
        self.status.end(reason, code, started_at, message)
        self._changed()

    def stop(self, grace: float) -> None:
        """End the container for good within `grace` seconds; a later, shorter grace counts too."""
        lifecycle = self._lifecycle
        if lifecycle.grace is not None and grace >= lifecycle.grace:
            return
        lifecycle.grace = grace
        self._stopping.set()
        if self._inside is not None:
            name = self.spec["name"]
            self._node.events.normal(self._pod, "Killing", f"Stopping container {name}")
            self._in_background(lifecycle.end(self._inside))


class _Neighbour:
    """A container as another one of its pod sees it; one that is not there has ended."""

    def __init__(self, runner: ContainerRunner | None) -> None:
        self._runner = runner

    async def ended(self) -> None:
        if self._runner is not None:
            await self._runner.idle()

    async def finished(self) -> None:
        if self._runner is not None:
            await self._runner.ended.wait()

    async def execute(self, command: list[str], seconds: float) -> tuple[int, str]:
        inside = self._runner.inside if self._runner is not None else None
        if inside is None:
            return 126, "the container does not run"
        return await inside.execute(command, seconds)


async def _listening(ip: str, port: int) -> socket.socket:
    return socket.create_server((ip, port))
