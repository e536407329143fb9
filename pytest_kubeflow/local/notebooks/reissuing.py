"""EventReissuer: what happens to pods and StatefulSets of Notebooks, told at the Notebooks, too.

Rules: Reconcile and predNBEvents in notebook_controller.go of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import EVENTS, NOTEBOOKS, PODS, STATEFUL_SETS
from pytest_kubeflow.local.notebooks.controller import OnChange, Works, always, never_changes
from pytest_kubeflow.local.notebooks.objects import NAME_LABEL

_KINDS = (STATEFUL_SETS.kind, PODS.kind)


class EventReissuer(Controller):
    """Begins with the first Notebook: before that there is nothing to tell, and events are many."""

    name = "notebook-events"
    workers = 1

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        works: Works = always,
        on_change: OnChange = never_changes,
    ) -> None:
        self._works = works
        self._recorder = EventRecorder(client, "notebook-controller")
        self._events = {
            kind: Informer(client, EVENTS, field_selector=f"involvedObject.kind={kind}")
            for kind in _KINDS
        }
        self._changed: dict[Key, Object] = {}
        self._begun = asyncio.Event()
        super().__init__(client, informers)
        on_change(self._again)

    def watch(self) -> None:
        self.notebooks = self.informers[NOTEBOOKS]
        self.notebooks.on_change(lambda _kind, _obj: self._begun.set())
        self.pods = self.informers[PODS]
        for informer in self._events.values():
            informer.on_change(self._event)

    def _event(self, kind: str, event: Object) -> None:
        if kind != "DELETED" and self._works():
            key = key_of(event)
            self._changed[key] = event
            self.queue.add(key)

    def _again(self) -> None:
        """A controller that starts tells of all that there is once more."""
        if self._works():
            for informer in self._events.values():
                for event in informer.objects.values():
                    self._event("ADDED", event)

    async def run(self) -> None:
        await self._begun.wait()
        async with asyncio.TaskGroup() as group:
            for informer in self._events.values():
                group.create_task(informer.run())
            group.create_task(super().run())

    async def reconcile(self, key: Key) -> None:
        event = self._changed.pop(key, None)
        if event is None or (notebook := self._notebook(event)) is None:
            return
        involved = event["involvedObject"]
        source = f"{involved['kind'].lower()}/{involved['name']}"
        await self._recorder.event(
            notebook,
            event.get("type", ""),
            event.get("reason", ""),
            f"Reissued from {source}: {event.get('message', '')}",
        )

    def _notebook(self, event: Object) -> Object | None:
        """The Notebook that an event is about, if there is one."""
        involved, namespace = event["involvedObject"], event["metadata"]["namespace"]
        name = involved["name"]
        if involved["kind"] == PODS.kind:
            pod = self.pods.get(name, namespace)
            name = ((pod or {}).get("metadata", {}).get("labels") or {}).get(NAME_LABEL)
        return self.notebooks.get(name, namespace) if name else None
