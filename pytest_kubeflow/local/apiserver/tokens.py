"""TokenIssuer: service-account tokens, and the static tokens of the cluster's own components."""

from __future__ import annotations

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
ACCOUNT_PREFIX = "system:serviceaccount:"
_EXTRA = "authentication.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class User:
    """Who makes a request, as TokenReview and SelfSubjectReview show it."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)
    audiences: tuple[str, ...] = ()

    @staticmethod
    def of(name: str, groups: Sequence[str] = ()) -> User:
        """A user by name, with the groups that the name itself implies."""
        implied: list[str] = []
        if name.startswith(ACCOUNT_PREFIX) and name.count(":") == 3:
            home = name.split(":")[2]
            implied = ["system:serviceaccounts", f"system:serviceaccounts:{home}"]
        everyone = (
            "system:unauthenticated" if name == "system:anonymous" else "system:authenticated"
        )
        return User(name, tuple(dict.fromkeys([*groups, *implied, everyone])))


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a signed token says. `bound` is the plural, name and uid of the object it hangs on."""

    namespace: str
    account: str
    account_uid: str
    audiences: tuple[str, ...]
    expires: float
    bound: tuple[str, str, str] | None
    identity: str

    def user(self, audiences: tuple[str, ...]) -> User:
        """The account as a user, seen by one who accepts `audiences`."""
        user = User.of(f"{ACCOUNT_PREFIX}{self.namespace}:{self.account}")
        extra = {f"{_EXTRA}credential-id": [f"JTI={self.identity}"]}
        if self.bound is not None and self.bound[0] == "pods":
            extra[f"{_EXTRA}pod-name"] = [self.bound[1]]
            extra[f"{_EXTRA}pod-uid"] = [self.bound[2]]
        return User(user.name, user.groups, self.account_uid, extra, audiences)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


class TokenIssuer:
    """Signs service-account tokens (JWT, ES256) and recognises them and static tokens.

    Claims: KEP-1205 bound service account tokens. With the `key` of an earlier server (P-256) its
    tokens are good here.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self._static: dict[str, User] = {}

    def static(self, user: str, groups: Sequence[str]) -> str:
        """A new token that stands for `user` as long as this server runs."""
        token = secrets.token_urlsafe(32)
        self._static[token] = User.of(user, groups)
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
            "sub": f"{ACCOUNT_PREFIX}{namespace}:{account}",
            "aud": list(audiences),
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(16),
            "kubernetes.io": private,
        }
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})
        return token, now + seconds

    def static_user(self, token: str) -> User | None:
        """The user of a static token; None: it is none."""
        # A dictionary look-up leaks no more than the time of a hash.
        return self._static.get(token)

    def recognise(self, token: str) -> Recognised | None:
        """What a token says that was signed here and has not expired; None: it was not."""
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "aud"], "verify_aud": False},
            )
        except jwt.PyJWTError:
            return None
        private = claims["kubernetes.io"]
        bound = next(
            (
                (plural, private[kind]["name"], private[kind]["uid"])
                for kind, plural in (("pod", "pods"), ("secret", "secrets"))
                if kind in private
            ),
            None,
        )
        account = private["serviceaccount"]
        return Recognised(
            private["namespace"],
            account["name"],
            account["uid"],
            tuple(claims["aud"]),
            claims["exp"],
            bound,
            claims["jti"],
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
