"""What Argo says of a Workflow before it runs it.

`shapes` is what cannot be read as one, `workflow`, `template`, `dag` and `fields` are the rules of
argo-workflows v3.7.3 workflow/validate/validate.go, in their order and in their words.
"""

from pytest_kubeflow.local.workflows.validation.shapes import (
    metadata_error,
    shape_error,
    without_nulls,
)
from pytest_kubeflow.local.workflows.validation.workflow import validate

__all__ = ["metadata_error", "shape_error", "validate", "without_nulls"]
