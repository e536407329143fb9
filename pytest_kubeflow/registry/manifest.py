"""Manifest: what an image is made of, or an index of such for several platforms.

Source: opencontainers/image-spec (manifest.md, image-index.md); Docker's schema 2 says the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ACCEPTED = ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX))


@dataclass(frozen=True)
class Manifest:
    """`content` are the bytes that its digest is of; nothing else may be sent for it."""

    content: bytes
    media_type: str

    @classmethod
    def parse(cls, content: bytes, media_type: str) -> Manifest:
        """What a registry has sent. Raises ValueError for what is no manifest."""
        try:
            document = json.loads(content)
        except ValueError:
            raise ValueError(f"its {media_type or 'content'} is no JSON") from None
        if not isinstance(document, dict) or not ("config" in document or "manifests" in document):
            raise ValueError(f"its {media_type or 'content'} has neither config nor manifests")
        return cls(content, str(document.get("mediaType") or media_type))

    @property
    def digest(self) -> str:
        """As registries name it."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """What it says."""
        found: Mapping[str, Any] = json.loads(self.content)
        return found

    @property
    def is_index(self) -> bool:
        """Whether it names manifests of several platforms."""
        return "manifests" in self.document

    @property
    def config(self) -> str:
        """The digest of the image's configuration."""
        return str(self.document["config"]["digest"])

    @property
    def layers(self) -> Sequence[Mapping[str, Any]]:
        """The descriptors of its layers, the lowest first."""
        return list(self.document.get("layers") or ())

    def platforms(self) -> dict[str, str]:
        """Of an index: digests by platform, such as linux/amd64. Attestations are no platform."""
        found = {}
        for one in self.document.get("manifests") or ():
            platform = one.get("platform") or {}
            name = "/".join(filter(None, map(platform.get, ("os", "architecture", "variant"))))
            if name and not name.startswith("unknown"):
                found[name] = str(one["digest"])
        return found
