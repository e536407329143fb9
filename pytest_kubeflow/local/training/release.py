"""Releases of Trainer, each with the release of JobSet that comes with it.

Facts: kubeflow/community-distribution, applications/trainer of release-26.03 (Trainer 2.1.0) and
release-26.03.1 (2.2.0); what differs between them was read in both sources and seen at both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import orjson

from pytest_kubeflow.local.kube.client import Object

_DIRECTORY = Path(__file__).parent / "definitions"


def definitions(name: str) -> list[Object]:
    """Those of one of the files in `definitions/`."""
    found: list[Object] = orjson.loads((_DIRECTORY / f"{name}.json").read_bytes())
    return found


@dataclass(frozen=True)
class Release:
    """A release of Trainer. `patches` is the field of a TrainJob that changes its runtime."""

    name: str
    version: str
    jobset: str
    patches: str
    torch_image: str
    finished_is_left: bool
    """A TrainJob that has ended is not looked after any more."""

    has_defaulter: bool
    """A webhook fills in when a patch was made."""

    tells_of_jobs: bool
    """JobSet has an event where a Job cannot be made."""

    labels_priority: bool
    """JobSet labels pods with their priority."""

    reserves_always: bool
    """Variables of torchrun are refused whether or not the processes of a node are counted."""

    tells_version: bool
    """A ConfigMap that everybody may read says which release it is."""

    newer_events: bool
    """Trainer writes its events by events.k8s.io."""

    least_kubernetes: int = 0
    """The minor release of Kubernetes 1 from which its definitions are taken."""

    torch_policy: Object = field(default_factory=dict)

    @cached_property
    def definitions(self) -> Sequence[Object]:
        """CustomResourceDefinitions of Trainer and JobSet."""
        names = f"trainer-{self.name}", f"jobset-{'.'.join(self.jobset.split('.')[:2])}"
        return [one for name in names for one in definitions(name)]


V2_1 = Release(
    name="2.1",
    version="v2.1.0",
    jobset="0.10.1",
    patches="podTemplateOverrides",
    torch_image="pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime",
    finished_is_left=False,
    has_defaulter=False,
    tells_of_jobs=False,
    labels_priority=False,
    reserves_always=False,
    tells_version=False,
    newer_events=False,
    torch_policy={"numProcPerNode": "auto"},
)
V2_2 = Release(
    name="2.2",
    version="v2.2.0",
    jobset="0.11.0",
    patches="runtimePatches",
    torch_image="pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime",
    finished_is_left=True,
    has_defaulter=True,
    tells_of_jobs=True,
    labels_priority=True,
    reserves_always=True,
    tells_version=True,
    newer_events=True,
    # A rule names a field `namespace`, a reserved word for the CEL of Kubernetes 1.31.
    least_kubernetes=32,
)
RELEASES = {one.name: one for one in (V2_1, V2_2)}
DEFAULT = V2_2.name
