"""Kubeflow Pipelines of the embedded cluster, in rooms that mirror the real parts.

`api/` is the API server, `driver/` runs what it records, `launcher/` is the program inside each
task's pod, `spec/` the compiled pipeline that all of them speak of. They meet in Workflow and Pod
objects of the Kubernetes API; `persistence.py` carries their state into `store.py`, which the API
answers from. `service.py` puts it all together.
"""

from pytest_kubeflow.local.pipelines.service import Pipelines
from pytest_kubeflow.local.pipelines.settings import (
    DRIVER_REFERENCE,
    LAUNCHER_DIRECTORY,
    LAUNCHER_IMAGE,
    StoreSettings,
)

__all__ = [
    "DRIVER_REFERENCE",
    "LAUNCHER_DIRECTORY",
    "LAUNCHER_IMAGE",
    "Pipelines",
    "StoreSettings",
]
