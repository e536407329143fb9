"""PodSettings: what a controller's pod has as its environment, read once for each of its starts."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS

_CONTAINER = "manager"


class PodSettings:
    """Of the pod in `namespace` with the label `app`, whose settings are in the ConfigMap `config`.

    A cluster without such a pod has the ConfigMap alone.
    """

    def __init__(
        self, client: KubeClient, pods: Informer, *, namespace: str, app: str, config: str
    ) -> None:
        self._client = client
        self._pods = pods
        self._namespace = namespace
        self._app = app
        self._config = config
        self._read: tuple[object, Mapping[str, str]] | None = None

    async def read(self) -> Mapping[str, str]:
        """Variables by name; none where there is neither pod nor ConfigMap. Raises ApiError."""
        pod = next(filter(self._is_controller, self._pods.objects.values()), None)
        if pod is None:
            return await self._data(self._config)
        start = (pod["metadata"]["uid"], _started(pod))
        if self._read is None or self._read[0] != start:
            self._read = start, await self._environment(pod)
        return self._read[1]

    async def _environment(self, pod: Object) -> dict[str, str]:
        found: dict[str, str] = {}
        maps: dict[str, Mapping[str, str]] = {}
        container = next(one for one in pod["spec"]["containers"] if one["name"] == _CONTAINER)
        for one in container.get("env") or []:
            reference = (one.get("valueFrom") or {}).get("configMapKeyRef")
            if reference is None:
                found[one["name"]] = one.get("value", "")
                continue
            name = reference["name"]
            if name not in maps:
                maps[name] = await self._data(name)
            if reference["key"] in maps[name]:
                found[one["name"]] = maps[name][reference["key"]]
        return found

    async def _data(self, name: str) -> Mapping[str, str]:
        try:
            found = await self._client.get(CONFIG_MAPS, name, self._namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            return {}
        return found.get("data") or {}

    def _is_controller(self, pod: Object) -> bool:
        metadata = pod["metadata"]
        labels = metadata.get("labels") or {}
        return (
            metadata["namespace"] == self._namespace
            and labels.get("app") == self._app
            and not metadata.get("deletionTimestamp")
        )


def _started(pod: Object) -> str | None:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == _CONTAINER:
            running = (status.get("state") or {}).get("running") or {}
            started: str | None = running.get("startedAt")
            return started
    return None
