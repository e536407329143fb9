"""StatusWriter: brings the status of one pod into the API, and removes the pod there at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS

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
        self.written: Object = {}
        """The status that was written last."""

    def changed(self) -> None:
        """What the status tells has changed."""
        self._clean.clear()
        self._dirty.set()

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
            if status == self.written or self._gone or await self._write(status):
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
        try:
            await self._client.patch(
                PODS, self._name, patch, namespace=self._namespace, subresource="status"
            )
        except (ApiError, ApiUnreachableError) as error:
            if isinstance(error, ApiError) and error.code in {404, 409}:
                return True  # it is gone, or it is another pod of this name by now
            log.warning(
                "status of pod %s/%s is not written: %s", self._namespace, self._name, error
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
                log.warning("pod %s/%s is not removed: %s", self._namespace, self._name, error)
                await asyncio.sleep(1)
            else:
                return
