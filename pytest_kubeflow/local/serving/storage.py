"""The storage initializer of a predictor's pod, or what stands for it.

Rules: kserve/kserve pkg/webhook/admission/pod/storage_initializer_injector.go.
"""

from __future__ import annotations

import re

from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.credentials import storage_environment
from pytest_kubeflow.local.serving.errors import ReconcileError
from pytest_kubeflow.local.serving.images import STORAGE_INITIALIZER
from pytest_kubeflow.local.serving.names import MODEL_PATH
from pytest_kubeflow.local.serving.predictor import with_claim, with_initializer

_SCHEMES = (
    "gs://",
    "s3://",
    "pvc://",
    "file://",
    "https://",
    "http://",
    "hdfs://",
    "webhdfs://",
    "oci://",
    "oci+native://",
    "oci+fetch://",
    "hf://",
)
_RESOURCES = {
    "requests": {"cpu": "100m", "memory": "100Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}


async def with_model(client: KubeClient, namespace: str, template: Object, uri: str) -> Object:
    """The pod template that has the model of `uri`. Raises ReconcileError, ApiError."""
    if re.search(r"\w+?://", uri) and not uri.startswith(_SCHEMES):
        raise ReconcileError(
            f"StorageURI not supported: storageUri, must be one of: [{', '.join(_SCHEMES)}] or "
            "match https://{}.blob.core.windows.net/{}/{} or be an absolute or relative local "
            f"path. StorageUri [{uri}] is not supported"
        )
    if uri.startswith("pvc://"):
        return with_claim(template, uri)
    return with_initializer(
        template,
        {
            "image": STORAGE_INITIALIZER,
            "args": [uri, MODEL_PATH],
            "env": await storage_environment(client, namespace, template),
            "resources": _RESOURCES,
            "terminationMessagePolicy": "FallbackToLogsOnError",
        },
    )
