"""Credentials for the Kubernetes API, read from a kubeconfig file."""

from __future__ import annotations

import base64
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What it takes to call one API server: address, trust, and a token or a client certificate."""

    server: str
    ca_data: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    client_cert: tuple[bytes, bytes] | None = field(default=None, repr=False)
    insecure: bool = False

    def ssl_context(self) -> ssl.SSLContext:
        """TLS settings for this server; raises ssl.SSLError for certificates that do not parse."""
        context = ssl.create_default_context(cadata=self.ca_data)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert is not None:
            # ssl reads client certificates from files only.
            with tempfile.NamedTemporaryFile() as pair:
                pair.write(self.client_cert[0] + b"\n" + self.client_cert[1])
                pair.flush()
                context.load_cert_chain(pair.name)
        return context


def load_kubeconfig(path: Path, context: str | None = None) -> Credentials:
    """Read the server and the user of `context` (default: current-context).

    Tokens, token files and client certificates are understood; exec plugins are not, because a
    component that joins a cluster has a certificate or a token of its own.
    Raises KubeconfigError with a line that says what is wrong.
    """
    try:
        return _load(path, context)
    except KubeconfigError:
        raise
    except OSError as error:
        raise KubeconfigError(f"{path}: {error.strerror or error}") from error
    except (AttributeError, LookupError, TypeError, ValueError, yaml.YAMLError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise KubeconfigError(f"{path} is no kubeconfig: {why}") from error


def _load(path: Path, context: str | None) -> Credentials:
    document: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    name = context or document.get("current-context")
    entry = _named(document, "contexts", name, path)["context"]
    cluster = _named(document, "clusters", entry["cluster"], path)["cluster"]
    user = _named(document, "users", entry["user"], path)["user"]
    if "exec" in user or "auth-provider" in user:
        raise KubeconfigError(
            f"{path}: user {entry['user']!r} wants a plugin; give a token or a certificate"
        )
    ca = _bytes(cluster, "certificate-authority", path)
    cert, key = _bytes(user, "client-certificate", path), _bytes(user, "client-key", path)
    token_file = user.get("tokenFile")
    return Credentials(
        server=cluster["server"],
        ca_data=ca.decode() if ca else None,
        token=user.get("token"),
        token_file=Path(token_file) if token_file else None,
        client_cert=(cert, key) if cert and key else None,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )


def _named(document: dict[str, Any], section: str, name: str | None, path: Path) -> dict[str, Any]:
    entries: list[dict[str, Any]] = document.get(section) or []
    for entry in entries:
        if entry.get("name") == name:
            return entry
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise KubeconfigError(f"{path}: no {name!r} among {section} ({known})")


def _bytes(section: dict[str, Any], key: str, path: Path) -> bytes | None:
    if data := section.get(f"{key}-data"):
        return base64.b64decode(data)
    if file := section.get(key):
        return (path.parent / str(file)).read_bytes()
    return None
