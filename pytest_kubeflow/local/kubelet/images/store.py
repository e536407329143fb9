"""ImageStore: the images that this node has pulled from registries, and pulls.

An image begins with one of the node's catalogue (`layers.STANDS_FOR`), or is whole in itself; all
of its layers are unpacked into one directory, from which containers begin.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.fastjson import decode
from pytest_kubeflow.local.kubelet.containers.rootfs import DIRECTORIES, LOCAL_PLACE
from pytest_kubeflow.local.kubelet.faultset import FaultSet
from pytest_kubeflow.local.kubelet.images.catalogue import Image, ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.images.layers import STANDS_FOR, LayerError, unpack
from pytest_kubeflow.local.kubelet.images.name import ImageName
from pytest_kubeflow.local.kubelet.images.pullsecrets import RegistryLogin
from pytest_kubeflow.local.kubelet.images.registryclient import PullError, RegistryClient

_SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
_SHOWN = ("bin", "lib", "lib32", "lib64", "libx32", "sbin", "sys", "usr")
"""What of the machine containers of the catalogue see, in place of what an image has there."""


@dataclass(frozen=True, slots=True)
class PulledImage:
    """An image that is here, and how many bytes its layers had."""

    image: Image
    size: int


class ImageStore:
    """Keeps images below `directory`, which is made; `catalogue` has what they may begin with."""

    def __init__(
        self,
        directory: Path,
        catalogue: ImageCatalogue,
        client: RegistryClient,
        *,
        faults: FaultSet | None = None,
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._client = client
        self._faults = faults
        self._named: dict[str, PulledImage] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._by_digest: dict[str, PulledImage] = {}

    async def close(self) -> None:
        await self._client.close()

    @staticmethod
    def name(reference: str) -> ImageName | None:
        """The name of an image that registries of this machine are asked for; None for others."""
        found = ImageName.parse(reference)
        return found if found is not None and found.is_on_this_machine else None

    def find(self, reference: str) -> PulledImage | None:
        """The image that this node has under a name, wherever the name leads by now."""
        if self._fault("digest-ignored") and (other := self._other(reference)) is not None:
            return other
        return self._named.get(reference)

    def _other(self, reference: str) -> PulledImage | None:
        """Another image of the same repository, in place of one that is named by its digest."""
        name = self.name(reference)
        if name is None or name.digest is None:
            return None
        begin = f"{name.registry}/{name.repository}"
        others = (one for key, one in self._named.items() if key.startswith(f"{begin}:"))
        return next(others, None)

    def _fault(self, name: str) -> bool:
        return self._faults is not None and self._faults.active(name)

    async def pull(self, reference: str, logins: Sequence[RegistryLogin]) -> PulledImage:
        """Get what the registry has under that name now. Raises PullError."""
        name = self.name(reference)
        assert name is not None
        async with self._locks[reference]:
            manifest = await self._client.manifest(
                reference, name, logins, any_platform=self._fault("platform-ignored")
            )
            pulled = self._by_digest.get(manifest.digest)
            if pulled is None:
                pulled = await self._fetch(reference, name, manifest.document, logins)
                self._by_digest[manifest.digest] = pulled
            image = replace(pulled.image, reference=reference, id=name.by_digest(manifest.digest))
            self._named[reference] = pulled = replace(pulled, image=image)
        return pulled

    async def _fetch(
        self,
        reference: str,
        name: ImageName,
        manifest: dict[str, Any],
        logins: Sequence[RegistryLogin],
    ) -> PulledImage:
        place = self._directory / uuid.uuid4().hex
        blobs, root = place / "blobs", place / "root"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in (blobs, root):
            one.mkdir(parents=True)
        try:
            config_file = blobs / "config"
            digest = manifest["config"]["digest"]
            await self._client.blob(reference, name, digest, config_file, logins)
            layers = [blobs / str(number) for number, _ in enumerate(manifest["layers"])]
            for path, layer in zip(layers, manifest["layers"], strict=True):
                await self._client.blob(reference, name, layer["digest"], path, logins)
            config = decode(config_file.read_bytes())
            diff_ids = config["rootfs"]["diff_ids"]
            if self._fault("image-layers-lost"):
                layers, diff_ids = layers[:1], diff_ids[:1]
            await asyncio.to_thread(unpack, layers, diff_ids, root)
            image = self._image(reference, config.get("config") or {}, root)
        except (LayerError, ImageUnknown) as error:
            await asyncio.to_thread(shutil.rmtree, place)
            raise PullError(f'failed to pull and unpack image "{reference}": {error}') from None
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, place)
            raise
        size = sum(one.stat().st_size for one in blobs.iterdir())
        await asyncio.to_thread(shutil.rmtree, blobs)
        return PulledImage(image, size)

    def _image(self, reference: str, config: dict[str, Any], root: Path) -> Image:
        """What an image is by its configuration and by what was unpacked."""
        env = dict(one.partition("=")[::2] for one in config.get("Env") or ())
        mark = root / STANDS_FOR
        if not mark.is_file():
            base = Image(reference, id="", kind="whole")
        else:
            base = self._catalogue.resolve(mark.read_text().strip())
            mark.unlink()
            if hidden := _hidden(root):
                raise ImageUnknown(
                    f"it has {hidden}, where containers of this node see this machine's: what is "
                    "added to an image of the catalogue has to be elsewhere, as in /usr/local"
                )
            local = _arrange(root)
            if base.kind == "python" and (local / _SITE_PACKAGES).is_dir():
                before = env.get("PYTHONPATH")
                env["PYTHONPATH"] = ":".join(filter(None, (before, f"/usr/local/{_SITE_PACKAGES}")))
        return replace(
            base,
            reference=reference,
            env=env,
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            user=str(config.get("User") or ""),
            working_dir=str(config.get("WorkingDir") or ""),
            root=root,
        )


def _arrange(root: Path) -> Path:
    """Put what was unpacked where containers of the catalogue have it; the place of /usr/local."""
    local = root / LOCAL_PLACE.lstrip("/")
    if (root / "usr/local").is_dir():
        local.parent.mkdir(parents=True, exist_ok=True)
        (root / "usr/local").rename(local)
    for name, mode in DIRECTORIES.items():
        if (root / name).is_dir():
            (root / name).chmod(mode)
    return local


def _hidden(root: Path) -> str | None:
    """A file of an image that its containers would not see."""
    for name in _SHOWN:
        for path in sorted((root / name).rglob("*")):
            inside = path.relative_to(root)
            if not path.is_dir() and inside.parts[:2] != ("usr", "local"):
                return f"/{inside}"
    return None
