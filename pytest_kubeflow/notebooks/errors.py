"""What can go wrong with notebooks; all are KubeflowErrors.

```
KubeflowError
├── NotebookFailed       a Notebook cannot be made, or will not become ready
├── ServerRefused        a server responds, and not with what was asked for (webapps.errors)
└── CellFailed           code raised an error, or its outputs were lost
    └── KernelDied       the kernel ended before the code did
```
"""

from __future__ import annotations

from pytest_kubeflow.errors import Evidence, KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors


class NotebookFailed(KubeflowError):
    """A Notebook cannot be made, or will never become ready as it is."""


class CellFailed(KubeflowError):
    """Code that was run in a kernel raised an error (`name` is its class), or outputs were lost."""

    def __init__(self, message: str, *, name: str = "", evidence: Evidence | None = None) -> None:
        super().__init__(message, evidence=evidence)
        self.name = name


class KernelDied(CellFailed):
    """The kernel ended before the code did; what it had in memory is gone."""
