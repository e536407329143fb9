"""Credentials: what a connection to Kubernetes sends and receives that must not be printed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_kubeflow.redaction import Redactor, Secret

_OF_SECRETS = re.compile(r"/secrets(?:/[^/?]+)?/?(?:\?|$)|/token/?(?:\?|$)")
_NO_SECRETS = frozenset({"ca.crt", "tls.crt", "namespace", "username", "user"})
"""Keys of Secrets whose values anybody may see."""

_SECRET_KEY = re.compile(r"pass|secret|token|key|credential|pwd", re.IGNORECASE)
_LONGEST = 16_384
"""Characters; what is longer is a file, such as a release of Helm."""


class Credentials:
    """Tells a Redactor of every credential that passes by.

    What the kubeconfig or its exec plugin gave is known when it is sent, at the latest; the values
    of Secrets, and the tokens of service accounts, when they are received.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = Redactor() if redactor is None else redactor
        self._last_sent: object = None

    def configured(self, settings: Any) -> None:
        """Learn those of a `kubernetes.client.Configuration`."""
        for given in (settings.api_key or {}).values():
            self._header(given)
        self.redactor.add(settings.password)
        if settings.key_file:
            try:
                key = Path(settings.key_file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):  # whoever uses it says what is wrong with it
                return
            self.redactor.add(key)

    def sent(self, headers: Mapping[str, Any] | None) -> None:
        """Learn the bearer token of a request: an exec plugin may have given a new one."""
        for name, value in (headers or {}).items():
            if name.lower() == "authorization" and value != self._last_sent:
                self._last_sent = value
                self._header(value)

    def received(self, url: str, response: Any) -> None:
        """Learn the values of the Secrets that were read or made, and a token that was issued."""
        if not _OF_SECRETS.search(url):
            return
        try:
            answer = json.loads(response.data)
        except (TypeError, ValueError):  # whoever asked says so
            return
        if isinstance(answer, dict):
            for one in _objects(answer):
                self._learn(one)

    def _header(self, value: Any) -> None:
        if not isinstance(value, str):
            return
        scheme, _, credential = value.rpartition(" ")
        self.redactor.add(Secret(credential))
        if scheme.lower() == "basic" and (pair := _decoded(credential)) is not None:
            self.redactor.add(Secret(pair.reveal().partition(":")[2]))

    def _learn(self, one: Mapping[str, Any]) -> None:
        status = one.get("status")
        if isinstance(status, dict) and isinstance(status.get("token"), str):
            self.redactor.add(Secret(status["token"]))
        data = one.get("data")
        for key, encoded in data.items() if isinstance(data, dict) else ():
            value = _decoded(encoded)
            if value is None or key in _NO_SECRETS:
                continue
            if key.lower().replace("_", "").replace("-", "") == "accesskey":
                self.redactor.add_access_key(value)
            elif not value.is_common or _SECRET_KEY.search(key):
                self.redactor.add(value)
                for part in _parts(value.reveal()):
                    self.redactor.add(part)


def _parts(value: str) -> Iterator[str]:
    """The secrets in a file: of a registry's logins, the values of an environment's lines."""
    if value.lstrip().startswith("{"):
        try:
            document = json.loads(value)
        except ValueError:
            return
        auths = document.get("auths") if isinstance(document, dict) else None
        for login in auths.values() if isinstance(auths, dict) else ():
            if isinstance(login, dict):
                yield from (str(login[key]) for key in ("auth", "password") if login.get(key))
    elif "\n" in value.strip():
        for line in value.splitlines():
            key, equals, text = line.partition("=")
            if equals and _SECRET_KEY.search(key):
                yield text.strip().strip("\"'")


def _objects(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = answer.get("items")
    yield from (one for one in (items if isinstance(items, list) else [answer]) if one)


def _decoded(encoded: Any) -> Secret | None:
    if not isinstance(encoded, str) or len(encoded) > _LONGEST:
        return None
    try:
        return Secret(base64.b64decode(encoded).decode())
    except ValueError:  # bytes that are no text are printed in base64, if at all
        return Secret(encoded)
