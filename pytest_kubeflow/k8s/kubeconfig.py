"""Kubeconfig: which file the official client is configured from, and what is wrong with it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import ConfigurationError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_NAMESPACE = _ACCOUNT.with_name("namespace")


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The file and the context that were asked for; None for what the environment has."""

    path: Path | None = None
    context: str | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is a kubeconfig or a service account to try, or a context was named."""
        return self.context is not None or self._file() is not None or _in_cluster()

    @property
    def is_service_account(self) -> bool:
        """Whether there is none, and this is a pod with a service account."""
        return self.context is None and self._file() is None and _in_cluster()

    def load(self, settings: Any) -> None:
        """Put address and credentials into a `kubernetes.client.Configuration`.

        Raises ConfigurationError, of one line.
        """
        from kubernetes import config

        file = self._file()
        if file is not None:
            self._load(file, settings)
        elif self.context is not None:
            raise ConfigurationError(
                f"there is no context {self.context!r}: there is no kubeconfig at $KUBECONFIG or "
                "~/.kube/config; name one with --kf-kubeconfig"
            )
        elif _in_cluster():
            config.load_incluster_config(client_configuration=settings)
        else:
            raise ConfigurationError(
                "no access to Kubernetes: there is no kubeconfig at $KUBECONFIG or ~/.kube/config "
                "and this is no pod; name one with --kf-kubeconfig"
            )

    @property
    def namespace(self) -> str | None:
        """The namespace of the context, or of this pod; None where none is named."""
        file = self._file()
        if file is None:
            own = _NAMESPACE.is_file() and _in_cluster()
            return _NAMESPACE.read_text(encoding="utf-8").strip() if own else None
        from kubernetes import config

        contexts, active = config.list_kube_config_contexts(file)
        named = {one["name"]: one["context"].get("namespace") for one in contexts}
        name = named.get(self.context or active["name"])
        return str(name) if name else None

    def _file(self) -> str | None:
        """The kubeconfig(s) to read, as the official client takes them."""
        if self.path is not None:
            return str(self.path)
        from_environment = os.environ.get("KUBECONFIG")
        if from_environment:
            return from_environment
        usual = Path.home() / ".kube" / "config"
        return str(usual) if usual.is_file() else None

    def _load(self, file: str, settings: Any) -> None:
        import yaml
        from kubernetes import config

        if self.path is None and not any(map(os.path.isfile, file.split(os.pathsep))):
            raise ConfigurationError(f"there is no kubeconfig at {file} (from $KUBECONFIG)")
        try:
            if self.context is not None:
                contexts, _ = config.list_kube_config_contexts(file)
                names = [one["name"] for one in contexts]
                if self.context not in names:
                    raise ConfigurationError(
                        f"there is no context {self.context!r} in {file}; "
                        f"contexts there: {', '.join(names) or 'none'}"
                    )
            with _overheard() as complaints:
                config.load_kube_config(
                    file, self.context, client_configuration=settings, persist_config=False
                )
        except (config.ConfigException, yaml.YAMLError, OSError, ValueError) as error:
            message = " ".join(str(error).split())
            raise ConfigurationError(f"the kubeconfig {file} cannot be used: {message}") from error
        except (AttributeError, KeyError, TypeError) as error:
            # The official loader takes the shape of the file for granted.
            raise ConfigurationError(
                f"the kubeconfig {file} cannot be used: it is YAML, but no kubeconfig"
            ) from error
        if complaints and not settings.api_key and settings.cert_file is None:
            raise ConfigurationError(
                f"the kubeconfig {file} cannot be used: its exec plugin fails: {complaints[-1]}"
            )


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """The errors that are logged inside.

    Of an exec plugin that fails, the official loader only logs what it says, and goes on without
    credentials.
    """
    found: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config":
                found.append(" ".join(record.getMessage().split()))

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(listener)


def _in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and _ACCOUNT.is_file()
