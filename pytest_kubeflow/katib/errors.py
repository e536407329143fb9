"""What can go wrong with Katib's experiments; both are KubeflowErrors.

```
KubeflowError
├── ExperimentFailed    an Experiment cannot be made, will not go on, or ended otherwise than wanted
└── KatibUIRefused      Katib's web app responds, and not with what was asked for
```
"""

from __future__ import annotations

from pytest_kubeflow.errors import Evidence, KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors


class ExperimentFailed(KubeflowError):
    """An Experiment cannot be made, will never end as it is, or ended otherwise than wanted."""


class KatibUIRefused(KubeflowError):
    """Katib's web app did not respond as asked. `status` is HTTP's."""

    def __init__(self, message: str, *, status: int, evidence: Evidence | None = None) -> None:
        super().__init__(message, evidence=evidence)
        self.status = status
