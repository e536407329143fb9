"""Tokens of service accounts, as Kubernetes issues them and as a forger changes them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.auth.token import claims_of
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.redaction import Redactor, Secret

SHORTEST = 600
"""Seconds: the API server issues no token for less (pkg/apis/authentication/validation)."""


@dataclass(frozen=True, slots=True)
class AccountToken:
    """A token of a service account, until `expires` (seconds since 1970)."""

    namespace: str
    account: str
    token: Secret
    expires: float

    @property
    def user(self) -> str:
        """As whom Kubernetes and the gateway know its holder."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"

    @property
    def seconds_left(self) -> float:
        """Less than zero when its time is over, by this machine's clock."""
        return self.expires - time.time()


def request_token(
    kubernetes: KubernetesClient,
    *,
    namespace: str,
    account: str,
    audience: str | None,
    redactor: Redactor,
    seconds: int = 3600,
) -> AccountToken:
    """A new token (TokenRequest). Raises PermissionDenied, NotFound, ClusterUnreachable."""
    from kubernetes import client

    body = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(
            audiences=[audience] if audience else [], expiration_seconds=seconds
        )
    )
    with calling(f"request a token for {namespace}/{account}"):
        answer = kubernetes.core.create_namespaced_service_account_token(account, namespace, body)
    token = Secret(answer.status.token)
    redactor.add(token)
    return AccountToken(namespace, account, token, answer.status.expiration_timestamp.timestamp())


def forgeries(good: AccountToken, poor: AccountToken) -> dict[str, Secret]:
    """Tokens that a forger makes to have the rights of `good`, by what was done to them.

    Of `good` itself what no longer has its signature, and of `poor`, a good token without rights,
    what says that its holder is `good`. Raises ConfigurationError for what is no signed JWT.
    """
    head, payload, signature = _parts(good.token)
    claims = claims_of(good.token.reveal())
    later = int(claims.get("exp", time.time())) + 7 * 24 * 3600
    # Of the last character some bits may count for nothing.
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    changed = f"{signature[:middle]}{other}{signature[middle + 1 :]}"
    poor_head, _, poor_signature = _parts(poor.token)
    raised = _encoded(_as(claims_of(poor.token.reveal()), claims))
    unsigned = _encoded({"alg": "none", "typ": "JWT"})
    made = {
        "a later end": f"{head}.{_encoded({**claims, 'exp': later})}.{signature}",
        "another signature": f"{head}.{payload}.{changed}",
        "no signature": f"{head}.{payload}.",
        "our name in a foreign one": f"{poor_head}.{raised}.{poor_signature}",
        "our name and no algorithm": f"{unsigned}.{raised}.",
    }
    return {what: Secret(forged) for what, forged in made.items()}


def _parts(token: Secret) -> list[str]:
    text = token.reveal()
    if not claims_of(text):
        raise ConfigurationError("the token is no JWT: there is no signature to be tampered with")
    return text.split(".")


def _as(claims: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The claims, with another one's name in each that has a name."""
    names = {key: other[key] for key in ("sub", "email", "kubernetes.io") if key in other}
    return {**claims, **names}


def _encoded(part: Mapping[str, Any]) -> str:
    text = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
