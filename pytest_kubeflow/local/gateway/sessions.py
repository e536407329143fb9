"""Sessions: what oauth2-proxy keeps of a login, in encrypted cookies of the browser's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from starlette.responses import Response

COOKIE = "oauth2_proxy_kubeflow"
CSRF_COOKIE = f"{COOKIE}_csrf"
_LONGEST = 4000
"""Bytes of one Set-Cookie; a longer session goes into `..._0`, `..._1` (session_store.go)."""

_CSRF_SECONDS = 15 * 60


class CookieBox:
    """Writes and reads encrypted cookies; their time is part of what is signed."""

    def __init__(self, *, lifetime: int, secure: bool) -> None:
        self._fernet = Fernet(Fernet.generate_key())
        self._lifetime = lifetime
        self._secure = secure

    def save(self, response: Response, session: Mapping[str, Any]) -> None:
        """Put a session on its way to the browser, in as many cookies as it takes."""
        value = self._fernet.encrypt(json.dumps(session).encode()).decode()
        if len(value) <= _LONGEST - len(COOKIE):
            self._set(response, COOKIE, value, self._lifetime)
            return
        step = _LONGEST - len(COOKIE) - 200
        for number, start in enumerate(range(0, len(value), step)):
            self._set(response, f"{COOKIE}_{number}", value[start : start + step], self._lifetime)

    def load(self, cookies: Mapping[str, str]) -> dict[str, Any] | None:
        """The session of a request; None: it has none, or one whose time is over."""
        value = cookies.get(COOKIE)
        if value is None:
            value, number = "", 0
            while (part := cookies.get(f"{COOKIE}_{number}")) is not None:
                value, number = value + part, number + 1
        return self._open(value, self._lifetime)

    def clear(self, response: Response, cookies: Mapping[str, str]) -> None:
        """Have the browser forget the session."""
        for name in cookies:
            if name == COOKIE or name.removeprefix(f"{COOKIE}_").isdigit():
                response.delete_cookie(name, httponly=True, secure=self._secure)

    def save_csrf(self, response: Response, content: Mapping[str, str]) -> None:
        """Remember what the answer of Dex must agree with."""
        value = self._fernet.encrypt(json.dumps(content).encode()).decode()
        self._set(response, CSRF_COOKIE, value, _CSRF_SECONDS)

    def load_csrf(self, cookies: Mapping[str, str]) -> dict[str, Any] | None:
        """The same, if this browser has begun the login."""
        return self._open(cookies.get(CSRF_COOKIE, ""), _CSRF_SECONDS)

    def clear_csrf(self, response: Response) -> None:
        response.delete_cookie(CSRF_COOKIE, httponly=True, secure=self._secure)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, httponly=True, secure=self._secure, samesite=None
        )

    def _open(self, value: str, lifetime: int) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads(self._fernet.decrypt(value.encode(), ttl=lifetime))
        except (InvalidToken, UnicodeEncodeError):
            return None
        return content
