"""The compiled pipeline (KFP's intermediate representation, schema 2.1.0), as plain dicts.

`document.py` reads it from YAML or from a request, by the messages of `schema.py`; `check.py`
refuses what the driver does not run, `executor_config.py` what is not understood of a task's
Kubernetes part. `arguments.py` checks what a run passes to it, `values.py` converts values by
`parameterType`. It is NOT the compiler: that is `kfp`, on the client's side, with which it shares
the messages alone.
"""

from pytest_kubeflow.local.pipelines.spec.arguments import check_arguments
from pytest_kubeflow.local.pipelines.spec.check import check_supported
from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument, SpecError

__all__ = ["PipelineDocument", "SpecError", "check_arguments", "check_supported"]
