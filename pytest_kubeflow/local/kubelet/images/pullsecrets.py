"""PullSecrets: the logins at registries that a pod has, by the Secrets that it names.

Which login is for which image: kubernetes pkg/credentialprovider keyring.go (DockerKeyring).
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import SECRETS
from pytest_kubeflow.local.kubelet.images.name import ImageName

_KEYS = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What follows "Basic " in the header Authorization, for what begins with `host` and `path`."""

    host: str
    path: str
    basic: str = field(repr=False)

    def is_for(self, image: ImageName) -> bool:
        """Whether it is meant for an image; `*` stands for a part of the host's name."""
        pattern, wanted = self.host.split("."), image.registry.split(".")
        if len(pattern) != len(wanted):
            return False
        parts = zip(wanted, pattern, strict=True)
        path = f"{image.repository}/".startswith(f"{self.path}/") if self.path else True
        return path and all(fnmatch.fnmatchcase(part, glob) for part, glob in parts)


async def pull_secrets(client: KubeClient, pod: Object) -> tuple[list[RegistryLogin], list[str]]:
    """The logins of a pod, and the names of those Secrets that there are not. Raises ApiError."""
    found, missing = list[RegistryLogin](), list[str]()
    for one in pod["spec"].get("imagePullSecrets") or ():
        try:
            secret = await client.get(SECRETS, one["name"], pod["metadata"]["namespace"])
        except ApiError as error:
            if not error.not_found:
                raise
            missing.append(one["name"])
        else:
            found += logins_in(secret)
    return found, missing


def logins_in(secret: Object) -> list[RegistryLogin]:
    """The logins that a Secret has, most exact first; none where it is no pull secret."""
    key = _KEYS.get(secret.get("type", ""))
    encoded = (secret.get("data") or {}).get(key)
    if encoded is None:
        return []
    try:
        document = json.loads(base64.b64decode(encoded))
    except (binascii.Error, ValueError):
        return []
    auths = document.get("auths") if key == ".dockerconfigjson" else document
    entries = auths.items() if isinstance(auths, dict) else ()
    return sorted(_logins(entries), key=lambda one: (one.host, one.path), reverse=True)


def chosen(logins: Sequence[RegistryLogin], image: ImageName) -> Iterator[RegistryLogin | None]:
    """What is tried, one after the other; without a login where there is none for it."""
    matching = [one for one in logins if one.is_for(image)]
    yield from matching or (None,)


def _logins(entries: Any) -> Iterator[RegistryLogin]:
    for key, value in entries:
        if not isinstance(value, dict):
            continue
        basic = value.get("auth")
        if value.get("username") or not isinstance(basic, str):
            pair = f"{value.get('username') or ''}:{value.get('password') or ''}"
            basic = base64.b64encode(pair.encode()).decode()
        parts = urlsplit(key if "://" in key else f"https://{key}")
        path = parts.path.strip("/")
        path = "" if path in {"v1", "v2"} else path
        host = "docker.io" if parts.netloc == "index.docker.io" else parts.netloc
        yield RegistryLogin(host, path, basic)
