"""What Envoy and Istio answer: their JWT, RBAC and router filters, and the external authorizer's.

The words are those of envoyproxy/envoy (source/common/jwt, source/extensions/filters/http).
"""

from __future__ import annotations

import re

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable, PermissionDenied

NEW_KEY = "Jwks doesn't have key to match kid"
"""What Istio says of a token that was signed with a key that it has not read yet."""

ISTIO: tuple[Known, ...] = (
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
    Known(
        401,
        r"^Jwt is missing",
        AuthenticationError,
        "no token came with the request: something before the gateway takes the header "
        "Authorization out",
    ),
    Known(
        401,
        r"^(Jwt|Jwks) ",
        AuthenticationError,
        "Istio does not accept the token; see "
        "kubectl -n istio-system get requestauthentications -o yaml",
    ),
    Known(
        431,
        r"",
        AuthenticationError,
        "the session's cookies are too large for the gateway, as those of users with many groups "
        'are: give oauth2-proxy a session store (session_store_type = "redis"), or leave the '
        "scope groups out",
    ),
)
