"""Who a request comes from: a session cookie or a verified bearer token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_kubeflow.local.kube import KubeClient

DEX_CLIENT_ID = "kubeflow-oidc-authservice"
_ALGORITHM = "ES256"
_MOST_VERIFIED = 1000
_ALGORITHMS = ["ES256", "RS256"]


class InvalidTokenError(Exception):
    """A token that the gateway does not take; the message is what Envoy's JWT filter would say."""


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One `jwtRule` of Istio's RequestAuthentication: keys, and the claim that names the user."""

    issuer: str
    keys: dict[str, Any]
    user_claim: str
    audience: str | None = None


class Sessions:
    """Signs and verifies what Dex issues: ID tokens, which are also the session cookies' content.

    `lifetime` in seconds; oauth2-proxy's cookie lives 24 h and is not refreshed.
    """

    def __init__(self, issuer: str, *, lifetime: int = 24 * 3600) -> None:
        self.issuer = issuer
        self.lifetime = lifetime
        self._key = ec.generate_private_key(ec.SECP256R1())

    def issue(self, email: str) -> str:
        """An ID token for the user `email`."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": email,
            "aud": DEX_CLIENT_ID,
            "iat": now,
            "exp": now + self.lifetime,
            "email": email,
            "email_verified": True,
            "name": email.partition("@")[0],
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": "dex"})

    def jwks(self) -> dict[str, Any]:
        """The public key as Dex serves it under /dex/keys."""
        key = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "dex", "use": "sig", "alg": _ALGORITHM}]}

    def trust(self) -> TrustedIssuer:
        return TrustedIssuer(self.issuer, {"dex": self._key.public_key()}, "email", DEX_CLIENT_ID)


async def cluster_issuer(client: KubeClient) -> TrustedIssuer:
    """The Kubernetes API server as an issuer (the m2m-dex-and-kind overlay trusts it as well)."""
    configuration = await client.request("GET", "/.well-known/openid-configuration")
    keys = jwt.PyJWKSet.from_dict(await client.request("GET", "/openid/v1/jwks"))
    return TrustedIssuer(
        configuration["issuer"], {key.key_id or "": key.key for key in keys.keys}, "sub"
    )


class Verifier:
    """Verifies tokens against the trusted issuers."""

    def __init__(self, issuers: list[TrustedIssuer]) -> None:
        self._issuers = {one.issuer: one for one in issuers}
        # A signature that held a moment ago holds still: who asks often is let in faster.
        self._verified: dict[str, tuple[str, float]] = {}

    def user(self, token: str) -> str:
        """The user that `token` names. Raises InvalidTokenError in Envoy's words."""
        known = self._verified.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        user, expires = self._verify(token)
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.pop(next(iter(self._verified)))
        self._verified[token] = (user, expires)
        return user

    def _verify(self, token: str) -> tuple[str, float]:
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise InvalidTokenError("Jwt is not in the form of Header.Payload.Signature") from None
        issuer = self._issuers.get(claims.get("iss", ""))
        if issuer is None:
            raise InvalidTokenError("Jwt issuer is not configured")
        key = issuer.keys.get(header.get("kid", ""))
        if key is None:
            raise InvalidTokenError("Jwks doesn't have key to match kid or alg from Jwt")
        try:
            verified = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=issuer.audience,
                options={"verify_aud": issuer.audience is not None, "require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise InvalidTokenError("Jwt is expired") from None
        except jwt.InvalidAudienceError:
            raise InvalidTokenError("Audiences in Jwt are not allowed") from None
        except jwt.PyJWTError:
            raise InvalidTokenError("Jwt verification fails") from None
        return verified[issuer.user_claim], float(verified["exp"])
