"""PodEvents: what the kubelet says about a pod, written in order and in the background.

Reasons and wording: kubernetes/kubernetes pkg/kubelet/events and pkg/kubelet/images.
"""

from __future__ import annotations

import asyncio
import logging

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder

log = logging.getLogger(__name__)


class PodEvents:
    """Queues events so that no container waits for them; `run` writes until cancelled."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder
        self._queue: asyncio.Queue[tuple[Object, str, str, str]] = asyncio.Queue()

    def normal(self, pod: Object, reason: str, message: str) -> None:
        self._queue.put_nowait((pod, "Normal", reason, message))

    def warning(self, pod: Object, reason: str, message: str) -> None:
        self._queue.put_nowait((pod, "Warning", reason, message))

    async def run(self) -> None:
        while True:
            pod, kind, reason, message = await self._queue.get()
            try:
                await self._recorder.event(pod, kind, reason, message)
            except (ApiError, ApiUnreachableError) as error:
                log.warning("event %s of %s is lost: %s", reason, pod["metadata"]["name"], error)
