"""Settings: what the notebook controller reads from its environment when it starts.

Names and defaults: manager.yaml, params.env and controllers/culling_controller.go of
components/notebook-controller in kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.local.controllers.podsettings import PodSettings
from pytest_kubeflow.local.kube import Informer, KubeClient

NAMESPACE = "kubeflow"
CONFIG = "notebook-controller-config-d7b4g2h5kf"
_APP = "notebook-controller"


@dataclass(frozen=True)
class NotebookSettings:
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
    def of(cls, env: Mapping[str, str]) -> NotebookSettings:
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
    """Reads them, once for each start of the controller's container."""

    def __init__(self, client: KubeClient, pods: Informer) -> None:
        self._pod = PodSettings(client, pods, namespace=NAMESPACE, app=_APP, config=CONFIG)

    async def read(self) -> NotebookSettings:
        """The settings. Raises ApiError."""
        env = await self._pod.read()
        return NotebookSettings.of(env) if env else NotebookSettings()


def _number(text: str | None, default: int) -> int:
    try:
        return int(text) if text else default
    except ValueError:
        return default
