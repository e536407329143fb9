"""What can go wrong with training jobs; all are KubeflowErrors.

```
KubeflowError
└── TrainingFailed        a job cannot be made, will not go on, or ended otherwise than wanted
    └── UnknownFields     it has fields that this cluster does not know
```
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.errors import KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors

_NEWER = "Trainer 2.2 and later have it, 2.0 and 2.1 have podTemplateOverrides"
_OLDER = "Trainer 2.0 and 2.1 have it, 2.2 and later have runtimePatches"
_SINCE = {
    "spec.activeDeadlineSeconds": "Trainer 2.2 and later have it",
    "spec.annotations": _OLDER,
    "spec.labels": _OLDER,
    "spec.podTemplateOverrides": _OLDER,
    "spec.runtimePatches": _NEWER,
}
"""Of fields that releases differ in, which have them: trainjob_types.go of v2.1.0 and v2.2.0."""


class TrainingFailed(KubeflowError):
    """A training job cannot be made, will never end as it is, or ended otherwise than wanted."""


class UnknownFields(TrainingFailed):
    """A job has fields, `paths`, that this cluster's definition of its kind does not know."""

    def __init__(self, job: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        known = "; ".join(f"{one}: {_SINCE[one]}" for one in paths if one in _SINCE)
        super().__init__(
            f"{job} has fields that this cluster does not know, and would leave out without a "
            f"word: {', '.join(paths)}" + (f" ({known})" if known else "")
        )
