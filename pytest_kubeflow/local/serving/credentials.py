"""Environment of the storage initializer, from Secrets of the pod's ServiceAccount.

Rules: kserve/kserve pkg/credentials (service_account_credentials.go, s3/).
"""

from __future__ import annotations

import base64

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import SECRETS, SERVICE_ACCOUNTS
from pytest_kubeflow.local.serving.errors import ReconcileError

_SECRET_ANNOTATION = "serving.kserve.io/storageSecretName"  # noqa: S105 an annotation's key
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Variable: annotation of the Secret. The same name may also be a key of its data.
_SETTINGS = {
    "S3_VERIFY_SSL": "s3-verifyssl",
    "awsAnonymousCredential": "s3-useanoncredential",
    "AWS_DEFAULT_REGION": "s3-region",
    "S3_USER_VIRTUAL_BUCKET": "s3-usevirtualbucket",
    "S3_USE_ACCELERATE": "s3-useaccelerate",
}


async def storage_environment(client: KubeClient, namespace: str, template: Object) -> list[Object]:
    """Variables for the initializer; none if the ServiceAccount has no fitting Secret.

    Raises ReconcileError for a Secret that is named but not there.
    """
    annotations = template["metadata"].get("annotations") or {}
    if (name := annotations.get(_SECRET_ANNOTATION)) is not None:
        return _s3(await _secret(client, namespace, name))
    account = template["spec"].get("serviceAccountName") or "default"
    try:
        found = await client.get(SERVICE_ACCOUNTS, account, namespace)
    except ApiError as error:
        if error.not_found:
            return []  # the pod itself will be refused, and says why
        raise
    environment: dict[str, Object] = {}
    for reference in found.get("secrets") or []:
        secret = await _secret(client, namespace, reference["name"])
        environment |= {one["name"]: one for one in _s3(secret)}
    return list(environment.values())


async def _secret(client: KubeClient, namespace: str, name: str) -> Object:
    try:
        return await client.get(SECRETS, name, namespace)
    except ApiError as error:
        if error.not_found:
            raise ReconcileError(error.message) from None
        raise


def _s3(secret: Object) -> list[Object]:
    data: dict[str, str] = secret.get("data") or {}
    if _KEYS[1] not in data:
        return []
    name = secret["metadata"]["name"]
    settings = {
        variable: value
        for variable, annotation in _SETTINGS.items()
        if (value := _setting(secret, annotation, variable))
    }
    return [
        *(
            {"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
            for key in _KEYS
        ),
        *(
            {"name": key, "value": value}
            for key, value in {**_endpoint(secret), **settings}.items()
        ),
    ]


def _endpoint(secret: Object) -> dict[str, str]:
    endpoint = _setting(secret, "s3-endpoint", "S3_ENDPOINT").strip()
    if not endpoint:
        return {}
    scheme, separator, host = endpoint.partition("://")
    if separator and scheme.lower() in {"http", "https"}:
        https = "1" if scheme.lower() == "https" else "0"
        return {"S3_USE_HTTPS": https, "S3_ENDPOINT": host, "AWS_ENDPOINT_URL": endpoint}
    https = _setting(secret, "s3-usehttps", "S3_USE_HTTPS")
    url = f"{'http' if https == '0' else 'https'}://{endpoint}"
    found = {"S3_USE_HTTPS": https} if https else {}
    return {**found, "S3_ENDPOINT": endpoint, "AWS_ENDPOINT_URL": url}


def _setting(secret: Object, annotation: str, key: str) -> str:
    annotations: dict[str, str] = secret["metadata"].get("annotations") or {}
    value = annotations.get(f"serving.kserve.io/{annotation}")
    if value is not None:
        return value
    encoded = (secret.get("data") or {}).get(key)
    return base64.b64decode(encoded).decode() if encoded is not None else ""
