"""Tokens that the Kubernetes API issues for a service account (TokenRequest)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext

from pytest_kubeflow.auth.credentials import YOUNG
from pytest_kubeflow.auth.token import bearer
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.waiting import Deadline, bounded_by

LIFETIME = 3600
"""Seconds asked for; the API server may give less or more."""

_RENEW_AT = 0.8


class TokenRequest:
    """Asks for a token, and for the next one when a fifth of its life is left.

    Whether the gateway trusts the cluster as an issuer is up to the installation: the example
    installation of Kubeflow trusts Dex alone.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        *,
        namespace: str,
        account: str,
        audience: str | None,
        redactor: Redactor,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._account = account
        self._audience = audience
        self._redactor = redactor
        self._lock = threading.Lock()
        self._token = ""
        self._issued_at = 0.0
        self._renew_at = 0.0
        self._ends_at = 0.0
        wanted = f" for {audience}" if audience else ""
        self.description = f"tokens of service account {namespace}/{account}{wanted}"

    @property
    def user(self) -> str | None:
        """As Kubernetes names service accounts."""
        return f"system:serviceaccount:{self._namespace}:{self._account}"

    def headers(self) -> Mapping[str, str]:
        """The current token as `Authorization`. Raises AuthenticationError if none is issued."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                # The old one may be good for a while yet: then one attempt is enough, and the next
                # request makes another.
                old = time.monotonic() < self._ends_at
                try:
                    with bounded_by(Deadline.after(0)) if old else nullcontext():
                        self._token = self._request()
                except ClusterUnreachable:
                    if not old:
                        raise
            return bearer(self._token)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Ask for another one, unless this one is young: whoever refuses it refuses all of them."""
        with self._lock:
            if refused.get("Authorization") != bearer(self._token)["Authorization"]:
                return True  # another thread was faster
            old = time.monotonic() >= self._issued_at + YOUNG
            if old:
                self._renew_at = 0.0
            return old

    def _request(self) -> str:
        from kubernetes import client

        audiences = [self._audience] if self._audience else []
        body = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=audiences, expiration_seconds=LIFETIME)
        )
        began = time.monotonic()
        try:
            with calling(f"request a token for {self._namespace}/{self._account}"):
                answer = self._kubernetes.core.create_namespaced_service_account_token(
                    self._account, self._namespace, body
                )
        except ClusterUnreachable:
            raise
        except KubeflowError as error:
            raise AuthenticationError(error.message) from error
        token: str = answer.status.token
        self._redactor.add(token)
        lifetime = answer.status.expiration_timestamp.timestamp() - time.time()
        self._issued_at = began
        self._ends_at = began + max(0.0, lifetime)
        self._renew_at = began + max(0.0, lifetime) * _RENEW_AT
        return token
