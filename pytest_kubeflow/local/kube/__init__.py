"""The Kubernetes client of the embedded cluster's own components.

The kubelet, the controllers and the pipelines API reach the Kubernetes API through this room and
over HTTP only, as the real ones do, so each of them also works against a real API server.
Objects are plain dicts, as JSON carries them. This is NOT the client that tests use: that is
`pytest_kubeflow.k8s`, on the official SDK, and the two share no code.
"""

from pytest_kubeflow.local.kube.client import ApiError, KubeClient
from pytest_kubeflow.local.kube.informer import Informer
from pytest_kubeflow.local.kube.kubeconfig import Credentials, KubeconfigError, load_kubeconfig
from pytest_kubeflow.local.kube.lastknown import LastKnownClient
from pytest_kubeflow.local.kube.patient import PatientClient
from pytest_kubeflow.local.kube.resources import Resource
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

__all__ = [
    "ApiError",
    "ApiUnreachableError",
    "Credentials",
    "Informer",
    "KubeClient",
    "KubeconfigError",
    "LastKnownClient",
    "PatientClient",
    "Resource",
    "load_kubeconfig",
]
