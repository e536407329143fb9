"""Issuer: the ID tokens that Dex signs, and the public key with which anybody may verify them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_kubeflow.local.gateway.connectors import Person
from pytest_kubeflow.local.gateway.identity import TrustedIssuer

ISSUER = "http://dex.auth.svc.cluster.local:5556/dex"
CLIENT_ID = "kubeflow-oidc-authservice"
ALGORITHM = "RS256"


def make_key() -> rsa.RSAPrivateKey:
    """A new key pair, as long as Dex's own."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code is redeemed for. `expires` is in seconds since 1970."""

    person: Person
    id_token: str
    access_token: str
    expires: int


class Issuer:
    """Signs tokens that are good for `lifetime` seconds."""

    def __init__(self, key: rsa.RSAPrivateKey, *, lifetime: int) -> None:
        self.lifetime = lifetime
        self._key = key
        self._key_id = secrets.token_hex(20)

    def issue(self, person: Person, *, scopes: Sequence[str], nonce: str = "") -> Tokens:
        """The tokens of somebody who has logged in (claims: dex server/tokens)."""
        now = int(time.time())
        expires = now + self.lifetime
        access = self._sign(person, now, expires, scopes, {"nonce": nonce} if nonce else {})
        digest = hashlib.sha256(access.encode()).digest()
        half = base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
        extra = {"at_hash": half, **({"nonce": nonce} if nonce else {})}
        id_token = self._sign(person, now, expires, scopes, extra)
        return Tokens(person, id_token, access, expires)

    def _sign(
        self, person: Person, now: int, expires: int, scopes: Sequence[str], extra: dict[str, str]
    ) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": person.subject,
            "aud": CLIENT_ID,
            "exp": expires,
            "iat": now,
            **extra,
        }
        if "email" in scopes:
            claims |= {"email": person.email, "email_verified": True}
        if "groups" in scopes and person.groups:
            claims["groups"] = list(person.groups)
        if "profile" in scopes:
            claims["name"] = person.name
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a good token of this issuer says; None: it is not one."""
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"verify_aud": False},
            )
        except jwt.PyJWTError:
            return None
        return found

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """The public key as Dex serves it under /dex/keys."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        key.pop("key_ops", None)
        return {"keys": [{**key, "kid": self._key_id, "use": "sig", "alg": ALGORITHM}]}

    def trust(self) -> TrustedIssuer:
        """What the gateway has to know to verify its tokens."""
        return TrustedIssuer(ISSUER, {self._key_id: self._key.public_key()}, "email")


def discovery() -> dict[str, Any]:
    """What /dex/.well-known/openid-configuration answers."""
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "grant_types_supported": ["authorization_code"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256", "plain"],
        "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": [
            *("iss", "sub", "aud", "iat", "exp", "email", "email_verified", "name", "at_hash"),
            "groups",
        ],
    }
