"""Who a bearer token names, if it is a good one: Istio's RequestAuthentication."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient

if TYPE_CHECKING:
    from jwt.types import Options

_MOST_VERIFIED = 1000
_NO_CHECKS: Options = {"verify_signature": False}


class InvalidTokenError(Exception):
    """A token that the gateway does not take; the message is what Envoy's JWT filter says."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One `jwtRule` of a RequestAuthentication: public keys by id, and the claim with the user.

    With an `audience`, tokens for others are refused.
    """

    issuer: str
    keys: Mapping[str, Any]
    user_claim: str
    audience: str | None = None


async def cluster_issuer(client: KubeClient, *, audience: str | None = None) -> TrustedIssuer:
    """The Kubernetes API server as an issuer (the m2m-dex-and-kind overlay trusts it as well)."""
    configuration = await client.request("GET", "/.well-known/openid-configuration")
    keys = jwt.PyJWKSet.from_dict(await client.request("GET", "/openid/v1/jwks"))
    return TrustedIssuer(
        configuration["issuer"],
        {key.key_id or "": key.key for key in keys.keys},
        "sub",
        audience,
    )


class Verifier:
    """Verifies tokens of the trusted issuers.

    `skew` is the number of seconds for which a token is taken before and after its time. Of the
    issuers those count that are `configured`, where that is known.
    """

    def __init__(
        self,
        issuers: list[TrustedIssuer],
        *,
        skew: int = 60,
        faults: Faults | None = None,
        configured: Callable[[], Collection[str] | None] = lambda: None,
    ) -> None:
        self._issuers = {one.issuer: one for one in issuers}
        self._skew = skew
        self._faults = faults or Faults()
        # A signature that held a moment ago holds still: who asks often is allowed faster.
        self._verified: dict[str, tuple[str, float, str]] = {}
        self._configured = configured
        self._faults.on_change(self._verified.clear)

    def user(self, token: str) -> str:
        """The user that `token` names. Raises InvalidTokenError in Envoy's words."""
        known = self._verified.get(token)
        if known is not None and known[1] > time.time():
            self._check_issuer(known[2])
            return known[0]
        user, expires, issuer = self._verify(token)
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.pop(next(iter(self._verified)))
        self._verified[token] = (user, expires, issuer)
        return user

    def _check_issuer(self, name: str) -> None:
        configured = self._configured()
        if configured is not None and name not in configured:
            raise InvalidTokenError("Jwt issuer is not configured")

    def _verify(self, token: str) -> tuple[str, float, str]:
        """The same, until when that holds, and who says so.

        In Envoy's order, which is why it is in steps.
        """
        try:
            found = jwt.decode_complete(token, options=_NO_CHECKS)
        except jwt.PyJWTError:
            raise InvalidTokenError(
                "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
            ) from None
        claims, header = found["payload"], found["header"]
        issuer = self._issuers.get(str(claims.get("iss", "")))
        if issuer is None:
            raise InvalidTokenError("Jwt issuer is not configured")
        self._check_issuer(issuer.issuer)
        self._check_claims(token, issuer)
        if not self._faults.active("tokens-unverified"):
            _check_signature(token, header, issuer)
        user = claims.get(issuer.user_claim)
        if not isinstance(user, str) or not user:
            # Istio would let it in without a user header, and nothing behind would know whom.
            raise InvalidTokenError("RBAC: access denied", status=403)
        return user, float(claims.get("exp", time.time())) + self._skew, issuer.issuer

    def _check_claims(self, token: str, issuer: TrustedIssuer) -> None:
        timely = not self._faults.active("tokens-ageless")
        try:
            jwt.decode(
                token,
                options={
                    "verify_signature": False,
                    "verify_exp": timely,
                    "verify_nbf": timely,
                    "verify_aud": issuer.audience is not None,
                },
                audience=issuer.audience,
                leeway=self._skew,
            )
        except jwt.ExpiredSignatureError:
            raise InvalidTokenError("Jwt is expired") from None
        except jwt.ImmatureSignatureError:
            raise InvalidTokenError("Jwt not yet valid") from None
        except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
            raise InvalidTokenError("Audiences in Jwt are not allowed", status=403) from None
        except jwt.PyJWTError:
            raise InvalidTokenError("Jwt payload is an invalid JSON") from None


def _check_signature(token: str, header: Mapping[str, Any], issuer: TrustedIssuer) -> None:
    key = issuer.keys.get(str(header.get("kid", "")))
    algorithm = "RS256" if isinstance(key, rsa.RSAPublicKey) else "ES256"
    if key is None or header.get("alg") != algorithm:
        raise InvalidTokenError("Jwks doesn't have key to match kid or alg from Jwt")
    try:
        jwt.PyJWS().decode(token, key, algorithms=[algorithm])
    except jwt.PyJWTError:
        raise InvalidTokenError("Jwt verification fails") from None
