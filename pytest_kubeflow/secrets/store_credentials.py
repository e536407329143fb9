"""StoreCredentials: the object store for components, by the names that SDKs of S3 look for."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.secrets.given import GivenValues
from pytest_kubeflow.secrets.maker import GivenValuesMaker

_REGION = "us-east-1"
"""What stores take that have no regions, and MinIO's own default."""


@dataclass(frozen=True)
class StoreCredentials:
    """A Secret and a ConfigMap, to be given to tasks as variables.

    `secret` has AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, `config_map` has AWS_ENDPOINT_URL and
    AWS_DEFAULT_REGION: boto3 takes them from the environment, and so do the SDKs of other languages
    (https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html).
    """

    secret: GivenValues
    config_map: GivenValues

    @classmethod
    def make(
        cls,
        access: S3Access,
        inside: str,
        *,
        secrets: GivenValuesMaker,
        config_maps: GivenValuesMaker,
    ) -> StoreCredentials:
        """With the keys of `access`, for a store that pods reach at the URL `inside`."""
        secret = {
            "AWS_ACCESS_KEY_ID": access.access_key.reveal(),
            "AWS_SECRET_ACCESS_KEY": access.secret_key.reveal(),
        }
        plain = {"AWS_ENDPOINT_URL": inside, "AWS_DEFAULT_REGION": access.region or _REGION}
        return cls(secrets(secret), config_maps(plain))
