"""One node's side of the comparison: its namespace, and the pods that run in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from benchmarks.pod_comparison.cases import IMAGE, Case
from benchmarks.pod_comparison.observation import Facts, facts
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
)

_QUIET_SECONDS = 2.0
_PASSING = {"waiting", "restarted"}  # states that a pod soon leaves again
_OBJECTS = (
    (CONFIG_MAPS, "words", {"data": {"a": "alpha", "b": "beta\n"}}),
    (CONFIG_MAPS, "changing", {"data": {"a": "old\n"}}),
    (SECRETS, "hidden", {"stringData": {"password": "x y"}}),
)


class World:
    """Runs cases on one node and notes what comes of them."""

    def __init__(self, client: KubeClient, node: str, seconds: float) -> None:
        self._client = client
        self._node = node
        self._seconds = seconds
        self._namespace = f"pods-{node}"
        self._pods: dict[str, Object] = {}
        self._gone: set[str] = set()
        self._events: dict[str, dict[str, Object]] = {}
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Make the namespace anew, and watch it."""
        await self._prepare()
        tasks = [asyncio.create_task(self._watch(one)) for one in (PODS, EVENTS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _prepare(self) -> None:
        with contextlib.suppress(ApiError):
            await self._client.delete(NAMESPACES, self._namespace)
        await self._until_absent()
        await self._client.create(NAMESPACES, {"metadata": {"name": self._namespace}})
        for resource, name, content in _OBJECTS:
            metadata = {"name": name, "namespace": self._namespace}
            await self._client.create(resource, {"metadata": metadata, **content})
        while True:
            try:
                await self._client.get(SERVICE_ACCOUNTS, "default", self._namespace)
            except ApiError:
                await asyncio.sleep(0.2)
            else:
                return

    async def _until_absent(self) -> None:
        while True:
            try:
                await self._client.get(NAMESPACES, self._namespace)
            except ApiError as error:
                if error.not_found:
                    return
                raise
            await asyncio.sleep(0.5)

    async def _watch(self, resource: object) -> None:
        version = "0"
        while True:
            async for kind, obj in self._client.watch(
                resource,  # type: ignore[arg-type]
                self._namespace,
                resource_version=version,
            ):
                version = obj["metadata"].get("resourceVersion", version)
                if kind == "BOOKMARK":
                    continue
                async with self._changed:
                    self._note(resource is PODS, kind, obj)
                    self._changed.notify_all()

    def _note(self, is_pod: bool, kind: str, obj: Object) -> None:
        if is_pod:
            self._pods[obj["metadata"]["name"]] = obj
            if kind == "DELETED":
                self._gone.add(obj["metadata"]["name"])
        elif kind != "DELETED":
            found = self._events.setdefault(obj["involvedObject"]["name"], {})
            found[obj["metadata"]["name"]] = obj

    async def run(self, case: Case) -> Facts:
        """One case, from the pod's creation to what came of it."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._create(case)
                await self._until(case.name, case.until)
                for action, state in case.then:
                    await self._act(case.name, action)
                    await self._until(case.name, state)
        except TimeoutError:
            note: Facts = {"timed out": case.until}
        except ApiError as error:
            return {"refused": error.message}
        else:
            note = {}
        pod = self._pods[case.name]
        passing = (case.then or [("", case.until)])[-1][1].partition(" ")[0] in _PASSING
        await self._quiet(case.name, 1 if passing else 3)
        if not passing:
            pod = self._pods[case.name]
        found = facts(
            pod, list(self._events.get(case.name, {}).values()), await self._logs(pod), self._node
        )
        if case.name not in self._gone:
            await self._client.delete(PODS, case.name, self._namespace, grace_seconds=1)
        return note | found

    async def _create(self, case: Case) -> None:
        place = (
            {"nodeName": self._node}
            if case.bound
            else {"nodeSelector": {"kubernetes.io/hostname": self._node}}
        )
        metadata = {**case.metadata, "name": case.name, "namespace": self._namespace}
        body = {"metadata": metadata, "spec": {**place, **case.spec}}
        self._pods[case.name] = await self._client.create(PODS, body)

    async def _act(self, name: str, action: str) -> None:
        verb, _, rest = action.partition(" ")
        if verb == "delete":
            await self._client.delete(PODS, name, self._namespace, grace_seconds=int(rest))
        elif verb == "change":
            await self._client.patch(
                CONFIG_MAPS, "changing", {"data": {"a": "new\n"}}, namespace=self._namespace
            )
        elif verb == "ephemeral":
            added = {
                "name": "debugger",
                "image": IMAGE,
                "command": ["sh", "-c", "echo here; exit 6"],
                "targetContainerName": "main",
            }
            await self._client.patch(
                PODS,
                name,
                {"spec": {"ephemeralContainers": [added]}},
                namespace=self._namespace,
                subresource="ephemeralcontainers",
                kind="strategic",
            )

    async def _until(self, name: str, state: str) -> None:
        verb, _, rest = state.partition(" ")
        if verb == "log":
            while rest not in "".join((await self._logs(self._pods[name])).values()):  # noqa: ASYNC110
                await asyncio.sleep(0.5)  # nobody tells of new lines
            return
        reached: Callable[[], bool] = lambda: self._reached(name, verb, rest)  # noqa: E731
        async with self._changed:
            await self._changed.wait_for(reached)

    def _reached(self, name: str, verb: str, rest: str) -> bool:
        status = self._pods[name].get("status") or {}
        every = [
            *(status.get("containerStatuses") or []),
            *(status.get("initContainerStatuses") or []),
        ]
        states = {one["name"]: one.get("state") or {} for one in every}
        match verb:
            case "finished":
                return status.get("phase") in {"Succeeded", "Failed"}
            case "gone":
                return name in self._gone
            case "running" if rest:
                return "running" in states.get(rest, {})
            case "terminated":
                return "terminated" in states.get(rest, {})
            case "running":
                return bool(states) and all("running" in one for one in states.values())
            case "ready":
                return bool(every) and all(one.get("ready") for one in every)
            case "restarted":
                return any(one["restartCount"] == 1 and "running" in one["state"] for one in every)
            case "waiting":
                return any(
                    (one.get("waiting") or {}).get("reason") == rest for one in states.values()
                )
            case "event":
                found = self._events.get(name, {}).values()
                return any(one["reason"] == rest for one in found)
            case "ephemeral":
                added = status.get("ephemeralContainerStatuses") or []
                return any("terminated" in one["state"] for one in added)
        raise ValueError(f"no such state: {verb}")

    async def _quiet(self, name: str, attempts: int) -> None:
        """Until neither the pod nor its events have changed for a while."""

        def versions() -> list[object]:
            found = self._events.get(name, {}).values()
            every = [self._pods[name], *found]
            return [one["metadata"].get("resourceVersion") for one in every]

        for _ in range(attempts):
            before = versions()
            await asyncio.sleep(_QUIET_SECONDS)
            if versions() == before:
                return

    async def _logs(self, pod: Object) -> dict[str, str]:
        found = {}
        spec = pod["spec"]
        for one in [
            *spec["containers"],
            *(spec.get("initContainers") or []),
            *(spec.get("ephemeralContainers") or []),
        ]:
            with contextlib.suppress(ApiError):
                found[one["name"]] = await self._client.logs(
                    pod["metadata"]["name"], self._namespace, container=one["name"]
                )
        return found
