"""RegistryLogins: the login that was configured for each registry."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.registry.credentials import RegistryLogin, read_logins

if TYPE_CHECKING:
    from collections.abc import Mapping


class RegistryLogins:
    """As options say. Passwords of the file are known to `redactor` before anybody has them."""

    def __init__(self, settings: ImageSettings, redactor: Redactor) -> None:
        self._settings = settings
        self._redactor = redactor

    def of(self, registry: str) -> RegistryLogin | None:
        """Who we are at a registry; None: nobody. Raises ConfigurationError for a broken file."""
        of_file = self._of_file  # first: one that is broken is told, though it may not be needed
        settings = self._settings
        own = (settings.registry or "").partition("/")[0]
        if registry == own and settings.username is not None and settings.password is not None:
            return self._known(RegistryLogin(settings.username, settings.password))
        return of_file.get(registry)

    @cached_property
    def _of_file(self) -> Mapping[str, RegistryLogin]:
        path = self._settings.auth_file
        found = read_logins(path) if path is not None else {}
        return {registry: self._known(login) for registry, login in found.items()}

    def _known(self, login: RegistryLogin) -> RegistryLogin:
        self._redactor.add(login.password)
        self._redactor.add(Secret(login.basic))
        return login
