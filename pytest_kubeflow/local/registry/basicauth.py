"""BasicAuth: one user and a password, as the registry's htpasswd file has them."""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.requests import Request

REALM = "basic-realm"


class BasicAuth:
    """Whether a request may have anything of the registry."""

    def __init__(self, username: str, password: str) -> None:
        self._expected = f"{username}:{password}".encode()

    def lets_in(self, request: Request) -> bool:
        """Whether it has the header of this user."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(given, self._expected)
