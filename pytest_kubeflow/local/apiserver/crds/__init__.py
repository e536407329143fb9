"""CustomResourceDefinitions: what they may say, and what their objects then look like."""

from pytest_kubeflow.local.apiserver.crds.conformity import conform, shape
from pytest_kubeflow.local.apiserver.crds.definitions import check_definition, established

__all__ = ["check_definition", "conform", "established", "shape"]
