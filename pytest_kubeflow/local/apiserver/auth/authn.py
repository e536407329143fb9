"""Authenticator: who a request comes from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.local.apiserver.errors import unauthorized
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.tokens import (
    ANONYMOUS,
    DEFAULT_AUDIENCE,
    Recognised,
    TokenIssuer,
    User,
)

_ACCOUNTS = ("", "serviceaccounts")
_MOST_KNOWN = 1000


class Authenticator:
    """Bearer tokens and client certificates; without either a request is anonymous.

    A service account's token is good while its account, and the pod or secret that it is bound to,
    exist. Signatures are verified once per token.
    """

    def __init__(self, tokens: TokenIssuer, store: ResourceStore) -> None:
        self._tokens = tokens
        self._store = store
        self._known: dict[str, Recognised] = {}

    def user(self, authorization: str, certificate: Mapping[str, Any] | None) -> User:
        """The user of a request with this header and certificate. Raises StatusError 401.

        A certificate comes first; what is no bearer token says nothing about the user.
        """
        if certificate is not None and (user := _of_certificate(certificate)) is not None:
            return user
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        found = self.token(token.strip())
        if found is None:
            raise unauthorized()
        return found

    def token(self, token: str, audiences: Sequence[str] = (DEFAULT_AUDIENCE,)) -> User | None:
        """The user of a token that is meant for one of `audiences`; None: it is not valid."""
        if (user := self._tokens.static_user(token)) is not None:
            return user
        found = self._known.get(token)
        if found is None:
            found = self._tokens.recognise(token)
            if found is None:
                return None
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[token] = found
        accepted = tuple(one for one in audiences if one in found.audiences)
        if not accepted or found.expires <= time.time() or not self._exists(found):
            return None
        return found.user(accepted)

    def _exists(self, token: Recognised) -> bool:
        account = self._store.get(_ACCOUNTS, (token.namespace, token.account))
        if account is None or account["metadata"]["uid"] != token.account_uid:
            return False
        if token.bound is None:
            return True
        plural, name, uid = token.bound
        bound = self._store.get(("", plural), (token.namespace, name))
        return bound is not None and bound["metadata"]["uid"] == uid


def _of_certificate(certificate: Mapping[str, Any]) -> User | None:
    """User and groups of a client certificate: its CN and its O; None: it has no CN."""
    attributes = [pair for part in certificate.get("subject", ()) for pair in part]
    names = [value for key, value in attributes if key == "commonName"]
    groups = [value for key, value in attributes if key == "organizationName"]
    return User(names[0], (*groups, "system:authenticated")) if names else None


def as_object(user: User) -> dict[str, Any]:
    """A user as TokenReview and SelfSubjectReview show it."""
    shown: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        shown["uid"] = user.uid
    if user.extra:
        shown["extra"] = user.extra
    return shown
