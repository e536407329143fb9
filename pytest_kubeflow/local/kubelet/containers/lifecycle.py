"""What the kubelet does to a container while it runs, until it has ended."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.probes import Inside, check, watch_probe
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.context import Node
from pytest_kubeflow.local.spawner import Process

log = logging.getLogger(__name__)


class ContainerLifecycle:
    """Handlers, probes and the end of one container; it notes in `status` what they find.

    `started` is set when the container counts as started, `grace` is how long it has to end; None:
    as long as its pod says.
    """

    def __init__(
        self,
        node: Node,
        pod: Object,
        spec: Object,
        status: ContainerStatus,
        started: asyncio.Event,
        attempted: asyncio.Event,
        changed: Callable[[], None],
    ) -> None:
        self.grace: float | None = None
        self._node = node
        self._pod = pod
        self._spec = spec
        self._status = status
        self._started = started
        self._attempted = attempted
        self._changed = changed
        self._stopped: Inside | None = None

    async def supervise(self, inside: Inside) -> None:
        """While the container runs: its postStart handler, then its probes."""
        hook = (self._spec.get("lifecycle") or {}).get("postStart")
        if hook and (problem := await check(inside, {"timeoutSeconds": 3600, **hook})):
            # What the handler wrote may hold secrets: the kubelet does not tell it either.
            log.info("postStart of %s: %s", self._spec["name"], problem)
            self._node.events.warning(self._pod, "FailedPostStartHook", "PostStartHook failed")
            self._node.events.normal(self._pod, "Killing", "FailedPostStartHook")
            await self.end(inside)
            return
        self._attempted.set()
        if startup := self._spec.get("startupProbe"):
            self._changed()
            if not await self._watch("Startup", inside, startup):
                return
        self._status.started = True
        self._started.set()
        readiness, liveness = self._spec.get("readinessProbe"), self._spec.get("livenessProbe")
        self._status.ready = readiness is None
        self._changed()
        probes = [("Readiness", readiness), ("Liveness", liveness)]
        async with asyncio.TaskGroup() as group:
            for kind, probe in probes:
                if probe:
                    group.create_task(self._watch(kind, inside, probe))

    async def _watch(self, kind: str, inside: Inside, probe: Object) -> bool:
        """Follow one probe; returns True once a startup probe has succeeded."""
        passed = False

        async def failed(problem: str) -> None:
            self._node.events.warning(self._pod, "Unhealthy", f"{kind} probe failed: {problem}")

        async def result(good: bool) -> bool:
            nonlocal passed
            passed = good
            if kind == "Readiness":
                self._status.ready = good
                self._changed()
                return True
            if not good:
                name = self._spec["name"]
                message = f"Container {name} failed {kind.lower()} probe, will be restarted"
                if not self._restarts:
                    message = f"Stopping container {name}"
                self._node.events.normal(self._pod, "Killing", message)
                await self.end(inside)
                return False
            return kind == "Liveness"

        await watch_probe(inside, probe, on_result=result, on_failure=failed)
        return passed

    @property
    def _restarts(self) -> bool:
        policy = self._spec.get("restartPolicy") or self._pod["spec"].get("restartPolicy")
        return bool(policy != "Never")

    async def end(self, inside: Inside) -> None:
        """preStop, SIGTERM, and SIGKILL when the grace period is over."""
        pod_grace = self._pod["spec"].get("terminationGracePeriodSeconds", 30)
        grace = pod_grace if self.grace is None else self.grace
        process: Process = inside.process
        try:
            async with asyncio.timeout(grace):
                hook = (self._spec.get("lifecycle") or {}).get("preStop")
                if hook and grace and self._stopped is not inside:
                    self._stopped = inside
                    problem = await check(inside, {"timeoutSeconds": grace, **hook})
                    if problem:
                        log.info("preStop of %s: %s", self._spec["name"], problem)
                        self._node.events.warning(
                            self._pod, "FailedPreStopHook", "PreStopHook failed"
                        )
                process.signal(signal.SIGTERM)
                await process.wait()
        except TimeoutError:
            process.kill()
