"""Authenticator: who a request comes from."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import unauthorized
from pytest_kubeflow.local.apiserver.tokens import ANONYMOUS, TokenIssuer, User


class Authenticator:
    """Bearer tokens; without one a request is anonymous, with a bad one it is refused."""

    def __init__(self, tokens: TokenIssuer) -> None:
        self._tokens = tokens

    def user(self, headers: dict[str, str]) -> User:
        """The user of a request with these (lower-case) headers. Raises StatusError 401."""
        authorization = headers.get("authorization", "")
        if not authorization:
            return ANONYMOUS
        kind, _, token = authorization.partition(" ")
        user = self._tokens.recognise(token.strip()) if kind.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user


def as_object(user: User) -> dict[str, Any]:
    """A user as TokenReview and SelfSubjectReview show it."""
    shown: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        shown["uid"] = user.uid
    if user.extra:
        shown["extra"] = user.extra
    return shown
