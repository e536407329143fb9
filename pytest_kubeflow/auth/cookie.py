"""Cookies of a session that somebody logged in to by hand, as copied from a browser."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Redactor, Secret

_HEADER = "cookie:"


class GivenCookie:
    """Sends them as they are, for as long as the gateway takes them.

    `cookies` is what a browser sends, "NAME=VALUE; NAME=VALUE", with or without "Cookie:" before.
    """

    user: str | None = None

    def __init__(self, cookies: Secret, *, origin: str, redactor: Redactor) -> None:
        text = cookies.reveal().strip()
        if text.lower().startswith(_HEADER):
            text = text[len(_HEADER) :].strip()
        if not text.isascii() or not text.isprintable() or "=" not in text:
            raise ConfigurationError(
                f"the cookies from {origin} are none: give them as a browser sends them, "
                "such as oauth2_proxy_kubeflow=VALUE"
            )
        for one in text.split(";"):
            redactor.add(one.partition("=")[2].strip())
        self._text = text
        self.description = f"the cookies from {origin}"

    def headers(self) -> Mapping[str, str]:
        """Them as `Cookie`."""
        return {"Cookie": self._text}

    def renew(self, _refused: Mapping[str, str]) -> bool:
        """They stay the same."""
        return False
