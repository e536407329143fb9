"""FaultSwitch: the faults that are on are those from the start and those of a ConfigMap."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.faults import CONFIG_MAP, FAULTS, Faults
from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS


class FaultSwitch:
    """Follows the ConfigMap `CONFIG_MAP`, whose keys are faults, and their values `on` or not."""

    def __init__(self, client: KubeClient, faults: Faults, from_start: Iterable[str]) -> None:
        namespace, name = CONFIG_MAP
        self._faults = faults
        self._from_start = frozenset(from_start)
        selector = f"metadata.name={name}"
        self._informer = Informer(client, CONFIG_MAPS, namespace, field_selector=selector)
        self._informer.on_change(self._changed)

    async def run(self) -> None:
        """Until it is cancelled."""
        await self._informer.run()

    def _changed(self, kind: str, obj: Object) -> None:
        data = (obj.get("data") or {}) if kind != "DELETED" else {}
        named = {fault for fault, value in data.items() if value == "on"}
        self._faults.replace(self._from_start | (named & FAULTS.keys()))
