"""StatusWriter: brings the status of one pod into the API, and removes the pod there at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.kube.unreachable import level_of

log = logging.getLogger(__name__)

# A process of a few milliseconds is told as one change of status, not as three.
_SETTLE_SECONDS = 0.025


class StatusWriter:
    """Writes what `status` gives after each `changed`; changes that come close together as one.

    Until `end` no status that is final is written: a pod's last container ends first. After `gone`
    nothing is written.
    """

    def __init__(self, client: KubeClient, pod: Object, status: Callable[[], Object]) -> None:
        metadata = pod["metadata"]
        self._client = client
        self._namespace, self._name = metadata["namespace"], metadata["name"]
        self._uid = metadata["uid"]
        self._status = status
        self._dirty = asyncio.Event()
        self._clean = asyncio.Event()
        self._ended = False
        self._gone = False
        self._version = self._shown = ""
        self._seen = False
        self._again = False
        self.written: Object = {}
        """The status that was written last."""

    def changed(self) -> None:
        """What the status tells has changed."""
        self._clean.clear()
        self._dirty.set()

    def compare(self, pod: Object) -> None:
        """Write the status anew where others have made the pod unready, as seen in the API.

        The controller of nodes does that while it does not hear of this one. What comes from
        before our last change is none of that.
        """
        self._shown = pod["metadata"].get("resourceVersion", "")
        if self._shown == self._version:
            self._seen = True
        elif self._seen and _ready(pod.get("status") or {}) != _ready(self.written):
            self._again = True
            self.changed()

    def end(self) -> None:
        """The pod has ended: the next status is its last one."""
        self._ended = True
        self.changed()

    def gone(self) -> None:
        """The pod is no longer in the API."""
        self._gone = True

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._dirty.wait()
            if not self._ended:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLE_SECONDS):
                        await self._until_ended()
            self._dirty.clear()
            status = self._status()
            if status["phase"] in {"Succeeded", "Failed"} and not self._ended:
                continue
            same = status == self.written and not self._again
            if same or self._gone or await self._write(status):
                self.written = status
            else:
                self._dirty.set()
            if self._ended and not self._dirty.is_set():
                self._clean.set()

    async def _until_ended(self) -> None:
        while not self._ended:
            self._dirty.clear()
            await self._dirty.wait()

    async def _write(self, status: Object) -> bool:
        patch = {"metadata": {"uid": self._uid}, "status": status}
        self._seen = self._again = False
        try:
            made = await self._client.patch(
                PODS, self._name, patch, namespace=self._namespace, subresource="status"
            )
            self._version = made["metadata"]["resourceVersion"]
            self._seen = self._shown == self._version
        except (ApiError, ApiUnreachableError) as error:
            if isinstance(error, ApiError) and error.code in {404, 409}:
                return True  # it is gone, or it is another pod of this name by now
            log.log(
                level_of(error),
                "status of pod %s/%s is not written: %s",
                self._namespace,
                self._name,
                error,
            )
            await asyncio.sleep(1)
            return False
        return True

    async def delete(self) -> None:
        """Remove the pod from the API, if it is still there, after its last status is written."""
        if self._gone:
            return
        await self._clean.wait()
        while not self._gone:
            try:
                await self._client.delete(
                    PODS, self._name, self._namespace, grace_seconds=0, uid=self._uid
                )
            except (ApiError, ApiUnreachableError) as error:
                if isinstance(error, ApiError) and error.code in {404, 409}:
                    return
                log.log(
                    level_of(error),
                    "pod %s/%s is not removed: %s",
                    *(self._namespace, self._name, error),
                )
                await asyncio.sleep(1)
            else:
                return


def _ready(status: Object) -> str:
    conditions = status.get("conditions") or []
    return str(next((one["status"] for one in conditions if one["type"] == "Ready"), ""))
