"""Repositories: what blobs, manifests and tags each repository of a registry has."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.registry.blobs import DIGEST, BlobStore
from pytest_kubeflow.local.registry.errors import Refused

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
_KNOWN = frozenset({OCI_MANIFEST, DOCKER_MANIFEST, *_INDEXES})


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed; its content is the blob `digest`."""

    digest: str
    media_type: str


@dataclass
class _Repository:
    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


UpstreamImage = tuple[bytes, str, list[bytes]]
"""A manifest, its media type, and the blobs that it names."""


class Repositories:
    """The content of a registry. What it has not itself, `upstream` may have, as of a mirror.

    `upstream(repository, tag)` gives an image, or None. Methods raise Refused.
    """

    def __init__(
        self,
        directory: Path,
        upstream: Callable[[str, str], UpstreamImage | None] = lambda _name, _tag: None,
    ) -> None:
        self.blobs = BlobStore(directory)
        self._upstream = upstream
        self._repositories: dict[str, _Repository] = defaultdict(_Repository)

    def names(self) -> list[str]:
        """Repositories with something in them."""
        return sorted(name for name, one in self._repositories.items() if one.manifests)

    def tags(self, name: str) -> list[str]:
        """The tags of a repository."""
        if name not in self._repositories:
            raise Refused("NAME_UNKNOWN", {"name": name})
        return sorted(self._repositories[name].tags)

    def manifest(self, name: str, version: str) -> StoredManifest:
        """By tag or by digest."""
        repository = self._repositories.get(name)
        by_digest = DIGEST.fullmatch(version) is not None
        digest = version
        if not by_digest:
            found = repository.tags.get(version) if repository else None
            if found is None:
                return self._mirrored(name, version)
            digest = found
        stored = repository.manifests.get(digest) if repository else None
        if stored is None:
            detail = {"Name": name, "Revision": version} if by_digest else {"Tag": version}
            raise Refused("MANIFEST_UNKNOWN", detail)
        return stored

    def newest(self, name: str) -> StoredManifest | None:
        """The manifest that was pushed last to a repository."""
        repository = self._repositories.get(name)
        return next(reversed(repository.manifests.values()), None) if repository else None

    def put_manifest(
        self, name: str, version: str, content: bytes, media_type: str
    ) -> StoredManifest:
        """Keep a manifest, by its digest or under a tag as well."""
        document = _document(content)
        kind = str(document.get("mediaType") or media_type)
        if kind not in _KNOWN or (media_type in _KNOWN and kind != media_type):
            raise Refused("MANIFEST_INVALID", f"unrecognized manifest content type {media_type}")
        repository = self._repositories[name]
        for digest in _named(document):
            known = repository.manifests if kind in _INDEXES else repository.blobs
            if digest not in known:
                raise Refused("MANIFEST_BLOB_UNKNOWN", {"digest": digest})
        digest = self.blobs.put(content)
        if DIGEST.fullmatch(version):
            if version != digest:
                raise Refused("DIGEST_INVALID")
        else:
            repository.tags[version] = digest
        stored = repository.manifests[digest] = StoredManifest(digest, kind)
        return stored

    def delete_manifest(self, name: str, version: str) -> None:
        """Remove a manifest by its digest, with all tags that lead to it."""
        repository = self._repositories.get(name)
        if not DIGEST.fullmatch(version):
            raise Refused("UNSUPPORTED")
        if repository is None or repository.manifests.pop(version, None) is None:
            raise Refused("MANIFEST_UNKNOWN", {"Name": name, "Revision": version})
        repository.tags = {tag: one for tag, one in repository.tags.items() if one != version}

    def has_blob(self, name: str, digest: str) -> bool:
        """Whether a repository has a blob; that another has it does not count."""
        repository = self._repositories.get(name)
        return repository is not None and digest in repository.blobs

    def link_blob(self, name: str, digest: str) -> None:
        """Let a blob that the store has belong to a repository."""
        self._repositories[name].blobs.add(digest)

    def _mirrored(self, name: str, tag: str) -> StoredManifest:
        found = self._upstream(name, tag)
        if found is None:
            raise Refused("MANIFEST_UNKNOWN", {"Tag": tag})
        content, media_type, blobs = found
        for blob in blobs:
            self.link_blob(name, self.blobs.put(blob))
        return self.put_manifest(name, tag, content, media_type)


def _document(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Refused("MANIFEST_INVALID", str(error)) from None
    if not isinstance(found, dict) or found.get("schemaVersion") != 2:
        raise Refused("MANIFEST_INVALID", "unsupported schema version")
    return found


def _named(document: dict[str, Any]) -> Iterator[str]:
    """The digests that a manifest or an index names."""
    described = [document.get("config"), *_listed(document, "layers")]
    for one in [*described, *_listed(document, "manifests")]:
        if one is None:
            continue
        digest = one.get("digest") if isinstance(one, dict) else None
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise Refused("MANIFEST_INVALID", "a descriptor has no digest")
        yield digest


def _listed(document: dict[str, Any], key: str) -> list[Any]:
    found = document.get(key) or []
    if not isinstance(found, list):
        raise Refused("MANIFEST_INVALID", f"{key} is no list")
    return found
