"""PodFields: by which field a TrainJob changes the pods that its runtime makes.

That depends on Trainer's release: 2.2 has `runtimePatches`, 2.0 and 2.1 `podTemplateOverrides`, and
each leaves out without a word what it does not know (kubeflow/trainer
manifests/base/crds/trainer.kubeflow.org_trainjobs.yaml).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

_MANAGER = "github.com/pytest-kubeflow"


class PodFields(enum.Enum):
    """How a release of Trainer lets a TrainJob change the pods of its runtime."""

    RUNTIME_PATCHES = "runtimePatches"
    POD_TEMPLATE_OVERRIDES = "podTemplateOverrides"

    def labelled(self, jobs: Sequence[str], labels: Mapping[str, str]) -> dict[str, Any]:
        """The field of a TrainJob's spec that gives the pods of these replicated jobs labels."""
        metadata = {"labels": dict(labels)}
        if self is PodFields.POD_TEMPLATE_OVERRIDES:
            targets = [{"name": one} for one in jobs]
            return {self.value: [{"targetJobs": targets, "metadata": metadata}]}
        patched = [
            {"name": one, "template": {"spec": {"template": {"metadata": metadata}}}}
            for one in jobs
        ]
        template = {"spec": {"replicatedJobs": patched}}
        patch = {"manager": _MANAGER, "trainingRuntimeSpec": {"template": template}}
        return {self.value: [patch]}
