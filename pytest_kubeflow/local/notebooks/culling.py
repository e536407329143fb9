"""CullingController: stops Notebooks whose kernels have done nothing for a while, if it is told to.

Rules: components/notebook-controller/controllers/culling_controller.go of kubeflow/notebooks 1.11.
A Notebook without kernels, or one that does not answer, counts as idle since it was started.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import NOTEBOOKS, PODS
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.notebooks.controller import OnChange, Works, always, never_changes
from pytest_kubeflow.local.notebooks.objects import STOPPED, prefix_of
from pytest_kubeflow.local.notebooks.settings import SettingsReader

LAST_ACTIVITY = "notebooks.kubeflow.org/last-activity"
LAST_CHECK = "notebooks.kubeflow.org/last_activity_check_timestamp"

AskKernels = Callable[[str, str, str], Awaitable[Any]]
"""What a Service (namespace, name) answers to GET of a path, as JSON; None: nothing of use."""


class CullingController(Controller):
    """`ask` gets the answer of a Notebook's /api/kernels."""

    name = "culler"
    workers = 1

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        ask: AskKernels,
        works: Works = always,
        on_change: OnChange = never_changes,
    ) -> None:
        self._ask = ask
        self._works = works
        self._settings = SettingsReader(client, informers[PODS])
        super().__init__(client, informers)
        on_change(self._again)

    def _again(self) -> None:
        if self._works():
            self.enqueue_all(self.notebooks.objects)

    def watch(self) -> None:
        self.notebooks = self.enqueue_from(NOTEBOOKS)
        self.pods = self.informers[PODS]

    async def reconcile(self, key: Key) -> None:
        notebook = self.notebooks.get(key[1], key[0])
        if notebook is None or not self._works():
            return
        settings = await self._settings.read()
        if not settings.enable_culling:
            return
        annotations = notebook["metadata"].get("annotations") or {}
        if STOPPED in annotations or self.pods.get(f"{key[1]}-0", key[0]) is None:
            await self._forget(notebook)
            return
        if LAST_ACTIVITY not in annotations or LAST_CHECK not in annotations:
            times = dict.fromkeys((LAST_ACTIVITY, LAST_CHECK), now())
            annotations = {**annotations, **times}
            await self._annotate(notebook, times)
        period = timedelta(minutes=settings.idleness_check_period)
        if period:
            self.queue.add_after(key, period.total_seconds())
        checked = _parsed(annotations[LAST_CHECK])
        if checked is not None and checked + period >= datetime.now(UTC):
            return
        kernels = await self._ask(key[0], key[1], f"{prefix_of(notebook)}/api/kernels")
        found = last_activity(kernels, now()) or annotations[LAST_ACTIVITY]
        changes = {LAST_ACTIVITY: found, LAST_CHECK: now()}
        await self._annotate(notebook, changes)
        active, idle = _parsed(found), timedelta(minutes=settings.cull_idle_time)
        if active is not None and datetime.now(UTC) > active + idle:
            await self._annotate(notebook, {STOPPED: now()})

    async def _forget(self, notebook: Object) -> None:
        annotations = notebook["metadata"].get("annotations") or {}
        if known := [one for one in (LAST_ACTIVITY, LAST_CHECK) if one in annotations]:
            await self._annotate(notebook, dict.fromkeys(known))

    async def _annotate(self, notebook: Object, changes: dict[str, str] | dict[str, None]) -> None:
        metadata = notebook["metadata"]
        patch = {"metadata": {"annotations": changes}}
        await self.client.patch(NOTEBOOKS, metadata["name"], patch, namespace=metadata["namespace"])


def last_activity(kernels: Any, time: str) -> str | None:
    """When one of the kernels did something last; `time` if one works; None if it is not known."""
    if not isinstance(kernels, Sequence) or not kernels:
        return None
    if any(one.get("execution_state") != "idle" for one in kernels):
        return time
    times = [_parsed(str(one.get("last_activity", ""))) for one in kernels]
    known = [one for one in times if one is not None]
    if len(known) < len(times):
        return None
    # In the zone in which the kernel tells it, as Go writes it.
    return max(known).isoformat(timespec="seconds").replace("+00:00", "Z")


def _parsed(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
