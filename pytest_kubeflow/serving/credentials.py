"""Where predictors load models from: a service account with the store's keys, for KServe.

KServe's storage initializer takes the keys from a Secret of the service account, and where the
store is from that Secret's annotations.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.inside import store_inside

_PREFIX = "serving.kserve.io/s3-"


class StoreAccount:
    """A service account for predictors, and the Secret with its keys, made with the first of them.

    Whoever may read a Secret of the namespace can read these keys: they are the namespace's own.
    """

    def __init__(self, cluster: Cluster, namespace: str, access: S3Access) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._access = access
        self._name = cluster.ownership.name("models")
        self._is_made = False

    @property
    def name(self) -> str:
        """The account's name; makes it if it is not there yet."""
        if not self._is_made:
            self._make()
            self._is_made = True
        return self._name

    def _make(self) -> None:
        core, name = self._cluster.kubernetes.core, self._name
        labels = self._cluster.ownership.labels()
        keys = {
            "AWS_ACCESS_KEY_ID": self._access.access_key,
            "AWS_SECRET_ACCESS_KEY": self._access.secret_key,
        }
        secret = {
            "metadata": {"name": name, "labels": labels, "annotations": self._annotations()},
            "data": {
                key: base64.b64encode(value.reveal().encode()).decode()
                for key, value in keys.items()
            },
        }
        account = {"metadata": {"name": name, "labels": labels}, "secrets": [{"name": name}]}
        with calling(f"create secret {self._namespace}/{name}"):
            core.create_namespaced_secret(self._namespace, secret)
        MADE.add("secret")
        with calling(f"create service account {self._namespace}/{name}"):
            core.create_namespaced_service_account(self._namespace, account)
        MADE.add("serviceaccount")

    def _annotations(self) -> Mapping[str, str]:
        url = urlsplit(store_inside(self._cluster))
        https = url.scheme == "https"
        return {
            f"{_PREFIX}endpoint": url.netloc,
            f"{_PREFIX}usehttps": "1" if https else "0",
            f"{_PREFIX}verifyssl": "0" if self._access.insecure else "1",
            f"{_PREFIX}region": self._access.region or "us-east-1",
            f"{_PREFIX}useanoncredential": "false",
        }

    def delete(self) -> None:
        """Remove both, as far as they were made."""
        core = self._cluster.kubernetes.core
        for kind, delete in (
            ("service account", core.delete_namespaced_service_account),
            ("secret", core.delete_namespaced_secret),
        ):
            try:
                with calling(f"delete {kind} {self._namespace}/{self._name}"):
                    delete(self._name, self._namespace)
            except NotFound:
                continue
        self._is_made = False
