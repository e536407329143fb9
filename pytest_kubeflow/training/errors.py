"""What can go wrong with training jobs; a KubeflowError.

```
KubeflowError
└── TrainingFailed    a job cannot be made, will not go on, or ended otherwise than wanted
```
"""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError

# ruff: noqa: N818  as in pytest_kubeflow.errors


class TrainingFailed(KubeflowError):
    """A training job cannot be made, will never end as it is, or ended otherwise than wanted."""
