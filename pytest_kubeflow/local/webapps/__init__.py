"""Web apps behind the gateway: dashboard, access, notebooks, volumes, TensorBoards, artifacts.

What their browser parts ask of them, as JSON; the pages themselves are empty shells. They take the
user from `kubeflow-userid`, which only the gateway can set, and ask Kubernetes what the user may.
"""

from pytest_kubeflow.local.webapps.artifacts import artifacts_app
from pytest_kubeflow.local.webapps.dashboard import dashboard_app
from pytest_kubeflow.local.webapps.jupyter import jupyter_app
from pytest_kubeflow.local.webapps.kfam import kfam_app
from pytest_kubeflow.local.webapps.tensorboards import tensorboards_app
from pytest_kubeflow.local.webapps.volumes import volumes_app

__all__ = [
    "artifacts_app",
    "dashboard_app",
    "jupyter_app",
    "kfam_app",
    "tensorboards_app",
    "volumes_app",
]
