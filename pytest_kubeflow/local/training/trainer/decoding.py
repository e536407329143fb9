"""Values of other types than Trainer's, which its webhook that fills in refuses first.

Types: kubeflow/trainer v2.2.0, pkg/apis/trainer/v1alpha1/trainjob_types.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.golang.encoding import type_errors
from pytest_kubeflow.local.kube.client import Object

_TRAINER = (
    "Trainer",
    {
        "image": "string",
        "command": ["string"],
        "args": ["string"],
        "env": ["object"],
        "numNodes": "int32",
        "resourcesPerNode": "object",
        "numProcPerNode": "int32",
    },
)
_SOURCE = {"storageUri": "string", "env": ["object"], "secretRef": "object"}
_SPEC = (
    "TrainJobSpec",
    {
        "runtimeRef": ("RuntimeRef", {"name": "string", "apiGroup": "string", "kind": "string"}),
        "initializer": (
            "Initializer",
            {
                "dataset": ("DatasetInitializer", _SOURCE),
                "model": ("ModelInitializer", _SOURCE),
            },
        ),
        "trainer": _TRAINER,
        "runtimePatches": [
            ("RuntimePatch", {"manager": "string", "trainingRuntimeSpec": "object"})
        ],
        "suspend": "bool",
        "activeDeadlineSeconds": "int64",
        "managedBy": "string",
    },
)


def refusal(trainjob: Object) -> str | None:
    """Why a TrainJob cannot be read; None: it can."""
    spec = trainjob.get("spec") or {}
    return next(type_errors("TrainJob", "spec", spec, _SPEC, package="v1alpha1"), None)
