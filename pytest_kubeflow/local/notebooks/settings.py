"""Settings: what the notebook controller reads from its environment when it starts.

Names and defaults: manager.yaml, params.env and controllers/culling_controller.go of
components/notebook-controller in kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS

NAMESPACE = "kubeflow"
CONFIG = "notebook-controller-config-d7b4g2h5kf"
_POD = ("app", "notebook-controller")
_CONTAINER = "manager"


@dataclass(frozen=True)
class Settings:
    """Times are minutes, as the variables have them."""

    use_istio: bool = True
    istio_gateway: str = "kubeflow/kubeflow-gateway"
    istio_host: str = "*"
    cluster_domain: str = "cluster.local"
    add_fs_group: bool = True
    enable_culling: bool = False
    cull_idle_time: int = 1440
    idleness_check_period: int = 1

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Settings:
        """From variables; what is no number counts as not there."""
        return cls(
            use_istio=env.get("USE_ISTIO") == "true",
            istio_gateway=env.get("ISTIO_GATEWAY") or cls.istio_gateway,
            istio_host=env.get("ISTIO_HOST") or cls.istio_host,
            cluster_domain=env.get("CLUSTER_DOMAIN") or cls.cluster_domain,
            add_fs_group=env.get("ADD_FSGROUP", "true") == "true",
            enable_culling=env.get("ENABLE_CULLING") == "true",
            cull_idle_time=_number(env.get("CULL_IDLE_TIME"), 1440),
            idleness_check_period=_number(env.get("IDLENESS_CHECK_PERIOD"), 1),
        )


class SettingsReader:
    """Reads the environment of the controller's pod, once for each start of its container.

    A cluster without such a pod has the ConfigMap alone.
    """

    def __init__(self, client: KubeClient, pods: Informer) -> None:
        self._client = client
        self._pods = pods
        self._read: tuple[object, Settings] | None = None

    async def read(self) -> Settings:
        """The settings. Raises ApiError."""
        pod = next(filter(_is_controller, self._pods.objects.values()), None)
        if pod is None:
            data = await self._config(CONFIG)
            return Settings.of(data) if data else Settings()
        start = (pod["metadata"]["uid"], _started(pod))
        if self._read is None or self._read[0] != start:
            self._read = start, Settings.of(await self._environment(pod))
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
                maps[name] = await self._config(name)
            if reference["key"] in maps[name]:
                found[one["name"]] = maps[name][reference["key"]]
        return found

    async def _config(self, name: str) -> Mapping[str, str]:
        try:
            found = await self._client.get(CONFIG_MAPS, name, NAMESPACE)
        except ApiError as error:
            if not error.not_found:
                raise
            return {}
        return found.get("data") or {}


def _is_controller(pod: Object) -> bool:
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    return (
        metadata["namespace"] == NAMESPACE
        and labels.get(_POD[0]) == _POD[1]
        and not metadata.get("deletionTimestamp")
    )


def _started(pod: Object) -> str | None:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == _CONTAINER:
            running = (status.get("state") or {}).get("running") or {}
            started: str | None = running.get("startedAt")
            return started
    return None


def _number(text: str | None, default: int) -> int:
    try:
        return int(text) if text else default
    except ValueError:
        return default
