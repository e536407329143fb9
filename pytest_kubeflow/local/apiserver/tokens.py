"""TokenIssuer: service-account tokens, and the static tokens of the cluster's own components."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "https://kubernetes.default.svc.cluster.local"
DEFAULT_AUDIENCE = ISSUER
_ALGORITHM = "ES256"
_KEY_ID = "embedded"


@dataclass(frozen=True, slots=True)
class User:
    """Who makes a request, as TokenReview and SelfSubjectReview show it."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)
    audiences: tuple[str, ...] = ()


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


class TokenIssuer:
    """Signs service-account tokens (JWT, ES256) and recognises them and static tokens.

    Claims: KEP-1205 bound service account tokens.
    """

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._static: dict[str, User] = {}

    def static(self, user: str, groups: Sequence[str]) -> str:
        """A new token that stands for `user` as long as this server runs."""
        token = secrets.token_urlsafe(32)
        self._static[token] = User(user, (*groups, "system:authenticated"))
        return token

    def issue(
        self,
        *,
        namespace: str,
        account: str,
        uid: str,
        audiences: Sequence[str],
        seconds: int,
        bound: dict[str, str] | None = None,
    ) -> tuple[str, int]:
        """A token for a service account and the time (epoch seconds) at which it expires."""
        now = int(time.time())
        private: dict[str, Any] = {
            "namespace": namespace,
            "serviceaccount": {"name": account, "uid": uid},
        }
        if bound:
            private[bound["kind"].lower()] = {"name": bound["name"], "uid": bound["uid"]}
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "aud": list(audiences),
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(16),
            "kubernetes.io": private,
        }
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})
        return token, now + seconds

    def recognise(self, token: str, audiences: Sequence[str] = (DEFAULT_AUDIENCE,)) -> User | None:
        """The user of a static or signed token meant for one of `audiences`; None: not valid."""
        for known, user in self._static.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                return user
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[_ALGORITHM],
                audience=list(audiences),
                issuer=ISSUER,
                options={"require": ["exp", "aud"]},
            )
        except jwt.PyJWTError:
            return None
        private = claims["kubernetes.io"]
        namespace = private["namespace"]
        extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]}
        if "pod" in private:
            extra["authentication.kubernetes.io/pod-name"] = [private["pod"]["name"]]
            extra["authentication.kubernetes.io/pod-uid"] = [private["pod"]["uid"]]
        return User(
            claims["sub"],
            (
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ),
            private["serviceaccount"]["uid"],
            extra,
            tuple(one for one in audiences if one in claims["aud"]),
        )

    def jwks(self) -> dict[str, Any]:
        """The public key, for /openid/v1/jwks."""
        key = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "alg": _ALGORITHM}]}


def openid_configuration() -> dict[str, Any]:
    """What /.well-known/openid-configuration answers."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [_ALGORITHM],
    }
