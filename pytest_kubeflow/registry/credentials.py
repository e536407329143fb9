"""Who we are at registries: by a user and a password, or by a file as `docker login` writes it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.config.imagereference import DOCKER_HUB
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Secret

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io", DOCKER_HUB)


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """A user of a registry."""

    username: str
    password: Secret

    @property
    def basic(self) -> str:
        """What follows "Basic " in the header Authorization."""
        return base64.b64encode(f"{self.username}:{self.password.reveal()}".encode()).decode()

    def docker_config(self, registry: str) -> str:
        """A file as `docker login` writes it: what Secrets of type dockerconfigjson hold."""
        known = {"username": self.username, "password": self.password.reveal(), "auth": self.basic}
        return json.dumps({"auths": {registry: known}})


def read_logins(path: Path) -> Mapping[str, RegistryLogin]:
    """The logins of a docker config file, by registry. Raises ConfigurationError of one line.

    What such a file leaves to a credential helper is not asked: no program is run for it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no file as docker login writes it: {error}") from None
    auths = found.get("auths") if isinstance(found, dict) else None
    if not isinstance(auths, dict):
        raise ConfigurationError(f'{path} is no file as docker login writes it: it has no "auths"')
    logins = {}
    for key, value in auths.items():
        login = _login(value if isinstance(value, dict) else {})
        if login is None:
            continue
        host = DOCKER_HUB if key in _HUB_KEYS else key.split("://")[-1].partition("/")[0]
        logins[host] = login
    return logins


def _login(entry: Mapping[str, object]) -> RegistryLogin | None:
    user, password = entry.get("username"), entry.get("password")
    if isinstance(user, str) and isinstance(password, str) and user:
        return RegistryLogin(user, Secret(password))
    try:
        text = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except ValueError:  # of no base64, of letters that it does not have, of no UTF-8
        return None
    user, colon, password = text.partition(":")
    return RegistryLogin(user, Secret(password)) if colon else None
