"""Settings: what the controller of TensorBoards reads from its environment when it starts.

Names and values: config/base/kustomization.yaml and controllers/tensorboard_controller.go of
components/tensorboard-controller in kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE = "kubeflow"
CONFIG = "tensorboard-controller-config-4g4d5df2ht"
APP = "tensorboard-controller"
_YES, _NO = {"true", "True", "TRUE"}, {"false", "False", "FALSE", ""}


@dataclass(frozen=True)
class TensorboardSettings:
    """`image` is that of the servers. `rwo_scheduling` brings them to the node of their claim."""

    image: str
    istio_gateway: str
    istio_host: str
    rwo_scheduling: bool

    @classmethod
    def of(cls, env: Mapping[str, str]) -> TensorboardSettings:
        """From variables. Raises KeyError for one that is not set, ValueError for a bad one."""
        scheduling = env.get("RWO_PVC_SCHEDULING", "")
        if scheduling not in _YES | _NO:
            raise ValueError(f"invalid value for RWO_PVC_SCHEDULING: {scheduling!r}")
        return cls(
            image=env["TENSORBOARD_IMAGE"],
            istio_gateway=env["ISTIO_GATEWAY"],
            istio_host=env["ISTIO_HOST"],
            rwo_scheduling=scheduling in _YES,
        )
