"""Images of the node's catalogue as a registry gives them, so that others can begin with them.

Such an image has one layer, with one file that says which image of the catalogue it stands for:
the node finds it there and takes its own. What is pushed on top of it is a layer like any other.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.kubelet.images.catalogue import Image, ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.images.layers import ARCHITECTURES, STANDS_FOR
from pytest_kubeflow.local.registry.repositories import OCI_MANIFEST, UpstreamImage

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_OF_CATALOGUE = frozenset({"python", "userland"})


def catalogue_image(catalogue: ImageCatalogue, repository: str, tag: str) -> UpstreamImage | None:
    """The image of the catalogue that is called so; None for those that are no base for others."""
    name = f"docker.io/{repository}:{tag}"
    try:
        image = catalogue.resolve(name)
    except ImageUnknown:
        return None
    if image.kind not in _OF_CATALOGUE or image.environment is not None:
        return None
    return image_for(name, image)


def image_for(name: str, image: Image) -> UpstreamImage:
    """What a registry has for an image of the catalogue."""
    plain = _tar(STANDS_FOR, f"{name}\n".encode())
    layer = gzip.compress(plain, mtime=0)
    config = _json(
        {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {
                "Env": [f"{key}={value}" for key, value in image.env.items()],
                **({"Cmd": list(image.command)} if image.command else {}),
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described(_LAYER, layer)],
        }
    )
    return manifest, OCI_MANIFEST, [config, layer]


def _described(media_type: str, content: bytes) -> Mapping[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _tar(path: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(path)
        entry.size, entry.mode, entry.mtime = len(content), 0o444, 0
        archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
