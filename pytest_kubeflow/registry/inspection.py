"""What a registry tells of an image: its digest, for which platforms it is, who runs in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.registry.client import RegistryClient
from pytest_kubeflow.registry.errors import RegistryError


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """`digest` is what its name leads to now, `users` who runs in it, by architecture of Linux.

    A user is as the image's configuration names it; empty: root. `digests` are all that the image
    has: of an index, those of its images for Linux as well.
    """

    digest: str
    users: Mapping[str, str]
    digests: frozenset[str]


def inspect(client: RegistryClient, image: ImageReference) -> RemoteImage:
    """Ask for an image. Raises RegistryError, ClusterUnreachable."""
    manifest = client.manifest(image)
    digests = [manifest.digest]
    if manifest.is_index:
        platforms = manifest.platforms()
        digests = [digest for name, digest in platforms.items() if name.startswith("linux/")]
    users = {}
    for digest in digests:
        single = client.manifest(image.at(digest)) if manifest.is_index else manifest
        try:
            config = json.loads(client.blob(image.repository, single.config))
            users[str(config["architecture"])] = str((config.get("config") or {}).get("User") or "")
        except (ValueError, KeyError, AttributeError):
            raise RegistryError(f"{image} has no configuration that says what it is for") from None
    return RemoteImage(manifest.digest, users, frozenset({manifest.digest, *digests}))
