"""ImagePusher: an image made of another one and files, pushed to a registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.registry.client import RegistryClient, as_json
from pytest_kubeflow.registry.errors import RegistryError
from pytest_kubeflow.registry.layer import Layer, layer_of
from pytest_kubeflow.registry.manifest import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Manifest,
)

Files = Mapping[str, bytes | str | Path]


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image of ours. `reference` has its tag and no digest."""

    reference: ImageReference
    digest: str
    architecture: str
    user: str
    """As the image's configuration names it; empty: root."""

    inner: str
    """The digest of the image itself, where the other one is that of an index."""

    @property
    def digests(self) -> tuple[str, ...]:
        """All manifests that were pushed for it."""
        return tuple(dict.fromkeys((self.digest, self.inner)))

    def __str__(self) -> str:
        """The name that a pod asks for: by digest, which is this image and no other."""
        return str(self.reference.at(self.digest))

    @property
    def by_tag(self) -> str:
        """The name with its tag, which may be moved to another image."""
        return str(self.reference)


class ImagePusher:
    """Pushes to `target`; what images begin with is read from `source`, which may be the same.

    Methods raise RegistryError, ClusterUnreachable, ConfigurationError.
    """

    def __init__(self, target: RegistryClient, *, platform: str = "linux/amd64") -> None:
        self._target = target
        self._platform = platform

    def push(
        self,
        image: ImageReference,
        *,
        base: ImageReference,
        source: RegistryClient | None = None,
        files: Files | None = None,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        platform: str | None = None,
        entrypoint: Sequence[str] | None = None,
    ) -> PushedImage:
        """Push `base` with `files` in it under the name `image`.

        `environment` is added to the base's, `user` and `entrypoint` replace the base's. With a
        `platform`, such as linux/arm64, the name is that of an index whose only image is for that;
        what is in it stays what it is. Nodes look at indexes alone: a single image they take for
        theirs.
        """
        source = source or self._target
        manifest = self._of_platform(source, base)
        config = json.loads(source.blob(base.repository, manifest.config))
        layers = [self._copied(source, base, image, one) for one in manifest.layers]
        if files:
            layers.append(self._added(image, layer_of(files), config))
        _configure(config, environment or {}, user, platform)
        if entrypoint is not None:
            config["config"]["Entrypoint"] = list(entrypoint)
            config["config"].pop("Cmd", None)
        content = as_json(config)
        described = {
            "mediaType": OCI_CONFIG,
            "digest": self._target.push_blob(image.repository, content),
            "size": len(content),
        }
        made = Manifest(
            as_json(
                {
                    "schemaVersion": 2,
                    "mediaType": OCI_MANIFEST,
                    "config": described,
                    "layers": layers,
                }
            ),
            OCI_MANIFEST,
        )
        inner = made.digest
        if platform is not None:
            self._target.push_manifest(image.at(inner), made)
            made = _index(made, config)
        digest = self._target.push_manifest(image, made)
        of_user = str((config.get("config") or {}).get("User") or "")
        return PushedImage(image, digest, config["architecture"], of_user, inner)

    def _of_platform(self, source: RegistryClient, base: ImageReference) -> Manifest:
        found = source.manifest(base)
        if not found.is_index:
            return found
        platforms = found.platforms()
        digest = next(
            (one for name, one in platforms.items() if name.startswith(self._platform)), None
        )
        if digest is None:
            raise RegistryError(
                f"{base} has no image for {self._platform}, but for {', '.join(platforms)}"
            )
        return source.manifest(base.at(digest))

    def _copied(
        self,
        source: RegistryClient,
        base: ImageReference,
        image: ImageReference,
        layer: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """A layer of the base, in the repository of the image as well."""
        digest = str(layer["digest"])
        of_here = source is self._target and base.registry == image.registry
        if of_here and self._target.mount_blob(image.repository, digest, base.repository):
            pass
        elif not self._target.has_blob(image.repository, digest):
            self._target.push_blob(image.repository, source.blob(base.repository, digest))
        kind = str(layer["mediaType"])
        gzipped = kind.endswith("gzip")
        return {**layer, "mediaType": OCI_LAYER if gzipped else kind}

    def _added(
        self, image: ImageReference, layer: Layer, config: dict[str, Any]
    ) -> Mapping[str, Any]:
        config["rootfs"]["diff_ids"] = [*config["rootfs"]["diff_ids"], layer.diff_id]
        if config.get("history"):
            config["history"] = [*config["history"], {"created_by": "pytest-kubeflow"}]
        digest = self._target.push_blob(image.repository, layer.content)
        return {"mediaType": OCI_LAYER, "digest": digest, "size": len(layer.content)}


def _index(manifest: Manifest, config: Mapping[str, Any]) -> Manifest:
    platform = {key: config[key] for key in ("os", "architecture", "variant") if key in config}
    described = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
        "platform": platform,
    }
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described]}
    return Manifest(as_json(document), OCI_INDEX)


def _configure(
    config: dict[str, Any], environment: Mapping[str, str], user: str | None, platform: str | None
) -> None:
    inner = config.setdefault("config", {})
    before: Sequence[str] = inner.get("Env") or ()
    kept = [one for one in before if one.partition("=")[0] not in environment]
    inner["Env"] = [*kept, *(f"{key}={value}" for key, value in environment.items())]
    if user is not None:
        inner["User"] = user
    if platform is not None:
        config["os"], _, architecture = platform.partition("/")
        config["architecture"], _, variant = architecture.partition("/")
        config.pop("variant", None)
        if variant:
            config["variant"] = variant
