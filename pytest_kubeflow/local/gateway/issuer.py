"""Issuer: the ID tokens that Dex signs, and the public key with which anybody may verify them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_kubeflow.local.faults import Faults
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


@dataclass(frozen=True, slots=True)
class _Key:
    """A key pair and its id."""

    private: rsa.RSAPrivateKey
    name: str = field(default_factory=lambda: secrets.token_hex(20))

    @property
    def published(self) -> dict[str, Any]:
        found = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        found.pop("key_ops", None)
        return {**found, "kid": self.name, "use": "sig", "alg": ALGORITHM}


class Issuer:
    """Signs tokens that are good for `lifetime` seconds.

    With the fault `keys-rotated` it signs with a new key, which the gateway reads when the fault is
    over: Dex uses a new key at once, and Istio asks for it a minute later.
    """

    def __init__(
        self, key: rsa.RSAPrivateKey, *, lifetime: int, faults: Faults | None = None
    ) -> None:
        self.lifetime = lifetime
        self._faults = faults or Faults()
        self._keys = [_Key(key)]
        self._trusted = {self._keys[0].name: key.public_key()}
        self._faults.on_change(self._follow)
        self._follow()

    def _follow(self) -> None:
        """A new key as often as the fault begins; the gateway knows all of them when it ends."""
        if self._faults.active("keys-rotated"):
            if self._keys[-1].name in self._trusted:
                self._keys.append(_Key(make_key()))
        else:
            self._trusted.update({one.name: one.private.public_key() for one in self._keys})

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
        key = self._keys[-1]
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.name})

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a good token of this issuer says; None: it is not one."""
        for key in self._keys:
            with contextlib.suppress(jwt.PyJWTError):
                found: dict[str, Any] = jwt.decode(
                    token,
                    key.private.public_key(),
                    algorithms=[ALGORITHM],
                    issuer=ISSUER,
                    options={"verify_aud": False},
                )
                return found
        return None

    def jwks(self) -> dict[str, Any]:
        """The public keys as Dex serves them under /dex/keys, the newest first."""
        return {"keys": [one.published for one in reversed(self._keys)]}

    def trust(self) -> TrustedIssuer:
        """What the gateway has to know to verify its tokens."""
        return TrustedIssuer(ISSUER, self._trusted, "email")


def discovery() -> dict[str, Any]:
    """What /dex/.well-known/openid-configuration answers."""
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256", "plain"],
        "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": [
            *("iss", "sub", "aud", "iat", "exp", "email", "email_verified"),
            *("locale", "name", "preferred_username", "at_hash"),
        ],
    }
