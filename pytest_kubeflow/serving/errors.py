"""What can go wrong with models that are served; both are KubeflowErrors.

```
KubeflowError
├── ServiceFailed     an InferenceService cannot be made, or will not become ready
└── RequestFailed     a predictor answered, and not with what was asked for
```
"""

from __future__ import annotations

from pytest_kubeflow.errors import Evidence, KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors


class ServiceFailed(KubeflowError):
    """An InferenceService cannot be made, or will never become ready as it is."""


class RequestFailed(KubeflowError):
    """A predictor did not answer as asked. `status` is HTTP's, `body` what came, as text."""

    def __init__(
        self, message: str, *, status: int, body: str = "", evidence: Evidence | None = None
    ) -> None:
        super().__init__(message, evidence=evidence)
        self.status = status
        self.body = body
