"""Refusals that are known: by the words of Istio, Dex, oauth2-proxy, oidc-authservice, the API.

The words are those of envoyproxy/envoy (source/common/jwt, router and rbac filters), dexidp/dex
(server/handlers.go), oauth2-proxy (oauthproxy.go), arrikto/oidc-authservice (handlers.go) and
kubeflow/pipelines (backend/src/apiserver/auth).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    PermissionDenied,
)

NEW_KEY = "Jwks doesn't have key to match kid"
"""What Istio says of a token that was signed with a key that it has not read yet."""


class Known(NamedTuple):
    """One of them. `words` is a regular expression; `path` begins the paths where it is said.

    In `told`, {part} is what stands behind the path, and {pods} the command that lists its pods.
    """

    status: int
    words: str
    kind: type[KubeflowError]
    told: str
    path: str = ""


def meaning(path: str, status: int, words: str) -> tuple[type[KubeflowError], str] | None:
    """The kind of error, what it means and what to do; None where nobody knows.

    Every error of a server is known: something stands behind the path, and it fails.
    """
    for known in KNOWN:
        here = status == known.status and path.startswith(known.path)
        if here and re.search(known.words, words):
            return known.kind, known.told.format(**_behind(path))
    if status >= 500:
        return ClusterUnreachable, _FAILS.format(**_behind(path))
    return None


def _behind(path: str) -> dict[str, str]:
    """What the gateway has behind a path, and where its pods are."""
    for prefix, part, namespace in (
        ("/dex", "Dex", "auth"),
        ("/oauth2", "oauth2-proxy", "oauth2-proxy"),
        ("/authservice", "oidc-authservice", "istio-system"),
        ("/login/oidc", "oidc-authservice", "istio-system"),
        ("/pipeline", "Kubeflow Pipelines (ml-pipeline-ui)", "kubeflow"),
        ("/apis", "Kubeflow Pipelines (ml-pipeline)", "kubeflow"),
    ):
        if path.startswith(prefix):
            return {"part": part, "pods": f"kubectl -n {namespace} get pods"}
    return {"part": "the central dashboard", "pods": "kubectl -n kubeflow get pods"}


_FAILS = "{part} fails; see {pods} and their logs"

KNOWN: tuple[Known, ...] = (
    # Envoy and Istio.
    Known(
        403,
        r"^RBAC: access denied",
        PermissionDenied,
        "an AuthorizationPolicy of Istio allows no such request; see "
        "kubectl get authorizationpolicies -A, and whether the namespace's policies name this user",
    ),
    Known(
        403,
        r"^$",
        ClusterUnreachable,
        "this is how Istio refuses everything while its external authorizer (oauth2-proxy) does "
        "not respond; see kubectl -n oauth2-proxy get pods",
    ),
    Known(
        503,
        r"^no healthy upstream",
        ClusterUnreachable,
        "the gateway finds no pod of {part} that is ready; see {pods}",
    ),
    Known(
        503,
        r"^upstream connect error",
        ClusterUnreachable,
        "the gateway does not reach {part}: its pods do not listen, or the mesh's mTLS settings "
        "differ; see {pods}",
    ),
    Known(
        504,
        r"upstream request timeout",
        ClusterUnreachable,
        "{part} is too slow for the gateway; see {pods} and their load",
    ),
    Known(
        401,
        re.escape(NEW_KEY),
        AuthenticationError,
        "Istio has not read the key yet with which this token was signed (issuers change their "
        "keys, Istio reads them again after minutes): try again later; if it stays so, istiod "
        "cannot fetch the keys of the RequestAuthentication's jwksUri",
    ),
    Known(
        401,
        r"^Jwks remote fetch is failed",
        ClusterUnreachable,
        "Istio cannot fetch the keys of the token's issuer; see the jwksUri in "
        "kubectl -n istio-system get requestauthentications -o yaml, and Dex behind it",
    ),
    Known(
        401,
        r"^Jwt issuer is not configured",
        AuthenticationError,
        "Istio trusts other issuers than this token's; log in through Dex, or let an administrator "
        "add the issuer (kubectl -n istio-system get requestauthentications)",
    ),
    Known(
        403,
        r"^Audiences in Jwt are not allowed",
        AuthenticationError,
        "the token is for another audience than the gateway's; name that with --kf-audience",
    ),
    Known(
        401,
        r"^Jwt (verification fails|is not in the form)",
        AuthenticationError,
        "the token is damaged, or none of an issuer that Istio trusts",
    ),
    Known(
        401,
        r"^Jwt (is expired|not yet valid)",
        AuthenticationError,
        "the token is not valid now; renew it, and compare the clocks",
    ),
    # Dex.
    Known(
        400,
        r"Unregistered redirect_uri",
        ClusterUnreachable,
        "Dex does not know the address to which oauth2-proxy lets it lead back; use the address "
        "that Kubeflow is published at as --kf-host, or add this one to redirectURIs in Dex's "
        "configuration (ConfigMap dex in auth) and to oauth2-proxy's redirect_url",
    ),
    Known(
        400,
        r"Invalid client_id",
        ClusterUnreachable,
        "Dex does not know oauth2-proxy as its client; compare staticClients in Dex's "
        "configuration (ConfigMap dex in auth) with oauth2-proxy's client_id",
    ),
    Known(
        400,
        r"User session error",
        ClusterUnreachable,
        "Dex has lost this login: it was restarted, or has several replicas without a common "
        "storage; see kubectl -n auth get pods",
    ),
    Known(
        500,
        r"Database error",
        ClusterUnreachable,
        "Dex cannot use its database; see kubectl -n auth logs deploy/dex, and the storage in its "
        "configuration",
    ),
    # oauth2-proxy.
    Known(
        403,
        r"Unable to find a valid CSRF token",
        AuthenticationError,
        "oauth2-proxy does not get back the cookie that it set when the login began: that is for "
        "https alone and --kf-host is http, or it is for another host or domain than --kf-host, or "
        "the replicas of oauth2-proxy have different cookie secrets",
    ),
    Known(
        500,
        r"(?i)error redeeming code|something went wrong",
        ClusterUnreachable,
        "oauth2-proxy cannot redeem Dex's code: their client secrets differ, or it does not reach "
        "Dex; see kubectl -n oauth2-proxy logs deploy/oauth2-proxy",
        path="/oauth2/",
    ),
    # oidc-authservice, of Kubeflow 1.8 and before.
    Known(
        503,
        r"^OIDC Setup is not complete",
        ClusterUnreachable,
        "oidc-authservice is not ready: it has not reached Dex yet; see "
        "kubectl -n istio-system logs authservice-0, and kubectl -n auth get pods",
    ),
    Known(
        500,
        r"^Failed to save state",
        ClusterUnreachable,
        "oidc-authservice cannot write its store: its volume is full, or not writable; see "
        "kubectl -n istio-system logs authservice-0",
    ),
    Known(
        400,
        r"^CSRF check failed",
        AuthenticationError,
        "oidc-authservice does not get back the cookie that it set when the login began: this "
        "login ends at another address than it began at",
    ),
    Known(
        500,
        r"^Failed to exchange authorization code",
        ClusterUnreachable,
        "oidc-authservice cannot redeem Dex's code: their client secrets differ, or it does not "
        "reach Dex; see kubectl -n istio-system logs authservice-0",
    ),
    # Kubeflow Pipelines.
    Known(
        401,
        r"no user identity header|there is no '[\w-]+' header|User identity is empty",
        AuthenticationError,
        "the request reaches the pipelines API without the header that names the user: the "
        "gateway sets another one than the API reads (KUBEFLOW_USERID_HEADER of ml-pipeline, "
        "kubeflow-userid by default), or this address bypasses the gateway, where a token for "
        "the audience pipelines.kubeflow.org is needed",
    ),
)
