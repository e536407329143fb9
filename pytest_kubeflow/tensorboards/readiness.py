"""Waiting for a TensorBoard: until it responds, and no longer once it never will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.tensorboards.errors import TensorboardFailed
from pytest_kubeflow.tensorboards.server import LOCATION
from pytest_kubeflow.webapps.deployment import DeploymentWorkload
from pytest_kubeflow.webapps.readiness import ServerReadiness
from pytest_kubeflow.webapps.reply import ServerReply

GROUP, VERSION, PLURAL = "tensorboard.kubeflow.org", "v1alpha1", "tensorboards"
KIND = "Tensorboard"
_OTHERWISE = "tb-volume"


def claim_of(logspath: str) -> str | None:
    """The claim in which a TensorBoard looks: that of pvc://CLAIM/..., or what the real one takes.

    None for logs in an object store.
    """
    if logspath.startswith(("gs://", "s3://")):
        return None
    if not logspath.startswith("pvc://"):
        return _OTHERWISE
    return logspath.removeprefix("pvc://").partition("/")[0]


@dataclass(frozen=True)
class Look:
    """A TensorBoard at one moment. `reply` is None while its container does not run.

    `service_owner` is whose the Service of its name is, as in "Notebook lab"; empty: its own, or
    there is none yet.
    """

    object: Mapping[str, Any]
    path: str
    workload: DeploymentWorkload
    reply: ServerReply | None = None
    service_owner: str = ""
    rolls: bool = False
    """Whether its Deployment is about to make another pod of it."""

    @property
    def responds(self) -> bool:
        """Whether it is there."""
        return self.reply is not None and self.reply.has(LOCATION) and not self.rolls

    @property
    def is_being_deleted(self) -> bool:
        """Whether the Tensorboard is."""
        return bool(self.object["metadata"].get("deletionTimestamp"))

    def describe(self) -> str:
        """What it waits for, in one line."""
        if self.responds:
            return "it responds"
        if self.rolls:
            return f"its Deployment makes another pod; {self.workload.describe()}"
        if self.reply is not None:
            return f"its container runs, and {self.path} answers {self.reply}"
        return self.workload.describe()


@dataclass
class TensorboardReadiness(ServerReadiness[Look]):
    """Waits for one; `name` has its namespace before it."""

    kind = KIND
    spoken = "a TensorBoard"
    failed = TensorboardFailed
    options = "TENSORBOARD_IMAGE of the tensorboard controller names it"
    port = 6006
    base_url = "the root"
    whose = "TensorBoard's"
    serve = "its image must start TensorBoard at 0.0.0.0:6006 (/usr/local/bin/tensorboard)"
    controller = (
        "the tensorboard controller does not run, or its claim is not there (kubectl -n kubeflow "
        "logs deploy/tensorboard-controller-deployment -c manager)"
    )

    def _unmade(self, look: Look) -> str:
        logspath = str(look.object["spec"].get("logspath", ""))
        claim = claim_of(logspath)
        if claim is None or look.workload.has_claim(claim):
            return ""
        return (
            f"its claim {claim} ({logspath}) is not there, without which the controller makes "
            "nothing, and says nothing"
        )

    def _of_object(self, look: Look) -> str:
        if not look.service_owner:
            return ""
        return (
            f"the Service that is called like it belongs to {look.service_owner}: its controller "
            "writes over Services whose they ever are, so neither is sure to be reached; give it "
            "a name that nothing else in the namespace has"
        )
