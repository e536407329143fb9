"""Sessions: what oauth2-proxy keeps of a login, in encrypted cookies of the browser's own."""

from __future__ import annotations

import json
import zlib
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
        value = self._fernet.encrypt(_packed(session)).decode()
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
        packed = self._decrypted(value, self._lifetime)
        return None if packed is None else _content(zlib.decompress(packed))

    def clear(self, response: Response, cookies: Mapping[str, str]) -> None:
        """Have the browser forget the session."""
        for name in cookies:
            if _is_session(name):
                self._set(response, name, "", 0)

    def clear_stale(self, response: Response, cookies: Mapping[str, str]) -> None:
        """Have it forget one that is none, or whose time is over."""
        if self.load(cookies) is None:
            self.clear(response, cookies)

    def save_csrf(self, response: Response, content: Mapping[str, str]) -> None:
        """Remember what the answer of Dex must agree with."""
        value = self._fernet.encrypt(json.dumps(content).encode()).decode()
        self._set(response, CSRF_COOKIE, value, _CSRF_SECONDS)

    def load_csrf(self, cookies: Mapping[str, str]) -> dict[str, Any] | None:
        """The same, if this browser has begun the login."""
        content = self._decrypted(cookies.get(CSRF_COOKIE, ""), _CSRF_SECONDS)
        return None if content is None else _content(content)

    def clear_csrf(self, response: Response) -> None:
        self._set(response, CSRF_COOKIE, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        """As Go writes cookies: no quotes around an empty value."""
        secure = "; Secure" if self._secure else ""
        cookie = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{secure}"
        response.headers.append("set-cookie", cookie)

    def _decrypted(self, value: str, lifetime: int) -> bytes | None:
        try:
            return self._fernet.decrypt(value.encode(), ttl=lifetime)
        except (InvalidToken, UnicodeEncodeError):
            return None


def _packed(session: Mapping[str, Any]) -> bytes:
    """What repeats is written once and nothing else is shorter: the size of LZ4, as there."""
    packer = zlib.compressobj(strategy=zlib.Z_FIXED)
    return packer.compress(json.dumps(session).encode()) + packer.flush()


def _content(document: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(document)
    return content


def _is_session(name: str) -> bool:
    return name == COOKIE or name.removeprefix(f"{COOKIE}_").isdigit()
