"""Bearer tokens: given as a value, or in a file that is read again when it changes."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Redactor, Secret


class BearerToken:
    """A token that stays the same."""

    def __init__(self, token: Secret, *, origin: str) -> None:
        self._token = token
        self.description = f"the bearer token from {origin}"

    @property
    def user(self) -> str | None:
        """The user that the token names."""
        return user_of(self._token.reveal())

    def headers(self) -> Mapping[str, str]:
        """The token as `Authorization`. White space around it, as files bring along, is cut off."""
        return bearer(self._token.reveal().strip())

    def renew(self, _refused: Mapping[str, str]) -> bool:
        """It stays the same."""
        return False


class TokenFile:
    """A token in a file that somebody else renews (projected tokens live two hours)."""

    def __init__(self, path: Path, *, redactor: Redactor) -> None:
        self._path = path
        self._redactor = redactor
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._token = ""
        self.description = f"the bearer token in {path}"

    @property
    def user(self) -> str | None:
        """The user that the token names now."""
        return user_of(self._read())

    def headers(self) -> Mapping[str, str]:
        """The file's token as `Authorization`."""
        return bearer(self._read())

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether there is another token in the file by now."""
        return bearer(self._read())["Authorization"] != refused.get("Authorization")

    def _read(self) -> str:
        """The token. Raises ConfigurationError if the file is gone, unreadable or empty."""
        with self._lock:
            try:
                status = self._path.stat()
                # Projected volumes swap a symbolic link: another file, maybe of the same time.
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if seen != self._seen:
                    self._token = self._path.read_text(encoding="utf-8").strip()
                    self._seen = seen
                    self._redactor.add(self._token)
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    f"the token file {self._path} cannot be read: {error}"
                ) from None
            if not self._token:
                raise ConfigurationError(f"the token file {self._path} is empty")
            return self._token


def bearer(token: str) -> dict[str, str]:
    """The header for `token`. Raises ConfigurationError for what no header can carry."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "the bearer token is not one: it has spaces, line breaks or characters beyond ASCII"
        )
    return {"Authorization": f"Bearer {token}"}


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says, unverified (that is for the gateway); empty for another kind of token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        decoded = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def doubts_about(claims: Mapping[str, Any], *, skew: float = 0.0) -> str:
    """What in a JWT's claims speaks against it, for people; empty if nothing does.

    `skew` is by how many seconds this machine's clock is ahead of the one that counts.
    """
    now = time.time() - skew
    ends, begins = claims.get("exp"), claims.get("nbf", claims.get("iat"))
    if isinstance(ends, int | float) and ends <= now:
        return f"the token expired at {_at(ends)}, {_ago(now - ends)} ago: it is {_at(now)} now"
    if isinstance(begins, int | float) and begins > now:
        return (
            f"the token is not valid before {_at(begins)}, in {_ago(begins - now)}: "
            f"it is {_at(now)} now"
        )
    return ""


def _at(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"second {seconds:g}"


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def user_of(token: str) -> str | None:
    """The user id that the gateway makes of it: `email` for Dex, `sub` for Kubernetes."""
    claims = claims_of(token)
    user = claims.get("email") or claims.get("sub")
    return user if isinstance(user, str) else None
