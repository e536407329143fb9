"""The compiled pipeline (KFP's intermediate representation, schema 2.1.0), as plain dicts.

`document.py` reads it from YAML or from a request, `check.py` refuses what the driver does not run,
`arguments.py` checks what a run passes to it, `values.py` converts values by `parameterType`.
It is NOT the compiler: that is `kfp`, on the client's side, and nothing is shared with it.
"""

from pytest_kubeflow.local.pipelines.spec.arguments import check_arguments
from pytest_kubeflow.local.pipelines.spec.check import check_supported
from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument, SpecError

__all__ = ["PipelineDocument", "SpecError", "check_arguments", "check_supported"]
