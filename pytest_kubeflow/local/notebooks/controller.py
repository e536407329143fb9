"""NotebookController: keeps the objects and the status of each Notebook as they should be.

Rules: components/notebook-controller/controllers/notebook_controller.go of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.exposed import keep_service, keep_virtual_service
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    NOTEBOOKS,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    VIRTUAL_SERVICES,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.notebooks.objects import (
    NAME_LABEL,
    PREFIX,
    service_of,
    stateful_set_of,
    virtual_service_of,
)
from pytest_kubeflow.local.notebooks.settings import NotebookSettings, SettingsReader
from pytest_kubeflow.local.notebooks.status import status_of

Works = Callable[[], bool]
"""Whether the controller's own pod runs."""

OnChange = Callable[[Callable[[], None]], None]
"""Takes what is called whenever that may have changed."""


def always() -> bool:
    """For a cluster that does not show the controller as a pod."""
    return True


def never_changes(_listener: Callable[[], None]) -> None:
    """The same."""


class NotebookController(Controller):
    """Works while `works()`, whose changes are told to those who `on_change`."""

    name = "notebook"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        faults: Faults | None = None,
        works: Works = always,
        on_change: OnChange = never_changes,
    ) -> None:
        self._faults = faults or Faults()
        self._works = works
        self._settings = SettingsReader(client, informers[PODS])
        # What was written last of each StatefulSet, and the generation that came of it: the API
        # server adds defaults, so that what is wanted and what is there never look the same.
        self._written: dict[Key, tuple[Object, int]] = {}
        super().__init__(client, informers)
        on_change(self._again)

    def _again(self) -> None:
        if self._works():
            self.enqueue_all(self.notebooks.objects)

    def watch(self) -> None:
        self.notebooks = self.enqueue_from(NOTEBOOKS)
        self.sets = self.enqueue_from(STATEFUL_SETS, _owner_key)
        self.services = self.enqueue_from(SERVICES, _owner_key)
        self.routes = self.enqueue_from(VIRTUAL_SERVICES, _owner_key)
        self.pods = self.enqueue_from(PODS, _label_key)

    async def reconcile(self, key: Key) -> None:
        notebook = self.notebooks.get(key[1], key[0])
        if notebook is None:
            self._written.pop(key, None)
            return
        if notebook["metadata"].get("deletionTimestamp") or not self._works():
            return
        settings = await self._settings.read()
        found = await self._set(key, self._wanted_set(notebook, settings))
        await keep_service(self.client, self.services, service_of(notebook))
        if settings.use_istio:
            route = virtual_service_of(notebook, settings)
            await keep_virtual_service(self.client, self.routes, route)
        pod = self.pods.get(f"{key[1]}-0", key[0])
        status = status_of(notebook, found, pod, now=now())
        if self._faults.active("notebook-never-ready"):
            status["readyReplicas"] = 0
        if status != notebook.get("status"):
            await self.client.replace(
                NOTEBOOKS, {**notebook, "status": status}, subresource="status"
            )

    def _wanted_set(self, notebook: Object, settings: NotebookSettings) -> Object:
        wanted = stateful_set_of(notebook, settings)
        if self._faults.active("notebook-not-stopped"):
            wanted["spec"]["replicas"] = 1
        if self._faults.active("notebook-prefix"):
            env = wanted["spec"]["template"]["spec"]["containers"][0]["env"]
            env[:] = [{**one, "value": "/"} if one["name"] == PREFIX else one for one in env]
        return wanted

    async def _set(self, key: Key, wanted: Object) -> Object | None:
        """Make the StatefulSet, or give it size and pods; what there was before."""
        found = self.sets.get(key[1], key[0])
        if found is None:
            made = await self.client.create(STATEFUL_SETS, wanted)
            self._written[key] = wanted, made["metadata"].get("generation", 0)
            return None
        metadata = found["metadata"]
        if self._written.get(key) == (wanted, metadata.get("generation", 0)) and not (
            metadata.get("labels") or metadata.get("annotations")
        ):
            return found
        # The template's labels and annotations stay as they were at the beginning.
        spec = found["spec"]
        changed = {
            **found,
            "metadata": {key: value for key, value in metadata.items() if key not in _NOT_KEPT},
            "spec": {
                **spec,
                "replicas": wanted["spec"]["replicas"],
                "template": {**spec["template"], "spec": wanted["spec"]["template"]["spec"]},
            },
        }
        made = await self.client.replace(STATEFUL_SETS, changed)
        self._written[key] = wanted, made["metadata"].get("generation", 0)
        return found


_NOT_KEPT = ("labels", "annotations")


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != NOTEBOOKS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]


def _label_key(pod: Object) -> Key | None:
    name = (pod["metadata"].get("labels") or {}).get(NAME_LABEL)
    return (pod["metadata"]["namespace"], name) if name else None
