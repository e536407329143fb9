"""Pods of tasks, followed by one watch: what they wait for, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.pipelines.workflows import COMPILED_LABEL, RUN_LABEL

WAIT = "wait"
"""The container in which Argo's executor waits for the component's end."""

FINAL = frozenset({"Succeeded", "Failed"})
_USUAL = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class _Follower:
    changed: Callable[[Object], None]
    ended: asyncio.Future[Object | None]


class TaskPods:
    """All pods of compiled pipelines; `run` keeps up with them until cancelled."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._informer = Informer(client, PODS, label_selector=f"{RUN_LABEL},{COMPILED_LABEL}")
        self._informer.on_change(self._on_change)
        self._followers: dict[Key, _Follower] = {}
        self._leaving: dict[Key, asyncio.Event] = {}

    async def run(self) -> None:
        await self._informer.run()

    async def synced(self) -> None:
        await self._informer.synced.wait()

    def follow(
        self, namespace: str, name: str, changed: Callable[[Object], None]
    ) -> asyncio.Future[Object | None]:
        """The pod in its final phase, or None if it was deleted; `changed` sees it on the way.

        Ask before the pod is made, so that no change is missed.
        """
        ended: asyncio.Future[Object | None] = asyncio.get_running_loop().create_future()
        key = (namespace, name)
        follower = self._followers[key] = _Follower(changed, ended)

        def forget(_: object) -> None:
            if self._followers.get(key) is follower:
                del self._followers[key]

        ended.add_done_callback(forget)
        return ended

    async def clear(self, namespace: str, name: str) -> None:
        """Remove the pod of this name that an earlier attempt of the run has left, if any.

        Raises ApiError.
        """
        key = (namespace, name)
        if key not in self._informer.objects:
            return
        gone = self._leaving.setdefault(key, asyncio.Event())
        try:
            await self._client.delete(PODS, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
        await gone.wait()

    def _on_change(self, kind: str, pod: Object) -> None:
        if kind == "DELETED" and (gone := self._leaving.pop(key_of(pod), None)) is not None:
            gone.set()
        follower = self._followers.get(key_of(pod))
        if follower is None or follower.ended.done():
            return
        if phase(pod) in FINAL:
            follower.ended.set_result(pod)
        elif kind == "DELETED":
            follower.ended.set_result(None)
        else:
            follower.changed(pod)


def phase(pod: Object) -> str:
    """`status.phase`; Pending before there is one."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def waiting_for(pod: Object) -> str:
    """Why a pod does not run, as `Reason: message`; empty if it is just starting."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in _USUAL:
            return f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason', '')}: {condition.get('message', '')}".strip(": ")
    return ""


def failure(pod: Object) -> tuple[str, str]:
    """The phase of the node of a pod that failed, and why: `main: Error (exit code 1)`.

    As Argo infers it: it is the component that has Failed, and Argo's own container an Error.
    """
    status = pod.get("status") or {}
    if status.get("reason"):
        return "Failed", f"{status['reason']}: {status.get('message', '')}".rstrip(": ")
    for container in status.get("containerStatuses") or []:
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            text = f"{container['name']}: {ended.get('reason') or 'Error'}"
            text += f" (exit code {ended['exitCode']})"
            if ended.get("message"):
                text += f": {ended['message'].strip()}"
            return "Error" if container["name"] == WAIT else "Failed", text
    return "Failed", str(status.get("message") or "pod failed without a reason")
