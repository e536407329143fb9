"""PendingLogin: a login at Dex that is under way, from its first page to its tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field

from pytest_kubeflow.local.gateway.connectors import Person

_MOST_PENDING = 1000
_REQUEST_SECONDS = 24 * 3600


@dataclass(slots=True)
class PendingLogin:
    """A login under way. The MAC shows that who approves it has given the password."""

    redirect_uri: str
    state: str
    nonce: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    connector: str
    person: Person | None = None
    name: str = field(default_factory=lambda: secrets.token_hex(13))
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    expires: float = field(default_factory=lambda: time.time() + _REQUEST_SECONDS)

    @property
    def mac(self) -> str:
        digest = hmac.new(self.key, self.name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def keep(where: dict[str, PendingLogin], name: str, login: PendingLogin) -> None:
    """Add one; the oldest goes where there are too many."""
    if len(where) >= _MOST_PENDING:
        where.pop(next(iter(where)))
    where[name] = login
