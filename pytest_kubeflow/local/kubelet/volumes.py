"""Volumes of a pod: each becomes a directory or file of the host, mounted where containers say.

Wording of failures as in kubernetes/kubernetes pkg/kubelet and pkg/volume.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from pytest_kubeflow.local.kubelet.env import (
    ConfigError,
    expand,
    fetch_data,
    field_value,
    resource_value,
)
from pytest_kubeflow.local.kubelet.hostdirectories import HostDirectories
from pytest_kubeflow.local.kubelet.images import ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.spawner import Mount

_TOKEN_SECONDS = 3607  # the default of the API server's admission, as in real clusters


class VolumeError(Exception):
    """A volume cannot be mounted (event FailedMount); the pod waits and it is tried again."""

    def __init__(self, volume: str, message: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {message}')


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume on the host; `readonly` whatever the mount says."""

    path: Path
    readonly: bool = False


class PodVolumes:
    """The volumes of one pod, below `directory` unless they live elsewhere."""

    def __init__(
        self,
        client: KubeClient,
        images: ImageCatalogue,
        directory: Path,
        *,
        allocatable: Mapping[str, str],
        directories: HostDirectories,
        lossy: bool = False,
    ) -> None:
        self._client = client
        self._images = images
        self._directory = directory
        self._allocatable = allocatable
        self._lossy = lossy
        self._directories = directories
        self._volumes: dict[str, Volume] = {}
        self._tokens: dict[Path, tuple[Object, float]] = {}

    async def set_up(self, pod: Object) -> None:
        """Make every volume that is not there yet. Raises VolumeError for the first that fails."""
        pending = [
            volume
            for volume in pod["spec"].get("volumes") or []
            if volume["name"] not in self._volumes
        ]
        made = await asyncio.gather(
            *(self._set_up(pod, volume) for volume in pending), return_exceptions=True
        )
        for volume, result in zip(pending, made, strict=True):
            if isinstance(result, Volume):
                self._volumes[volume["name"]] = result
        for result in made:
            if isinstance(result, BaseException):
                raise result

    async def _set_up(self, pod: Object, volume: Object) -> Volume:
        name = volume["name"]
        kind = next((key for key in volume if key != "name"), "emptyDir")
        source = volume.get(kind) or {}
        path = self._directory / name
        try:
            match kind:
                case "emptyDir":
                    return Volume(_owned(_directory(path, 0o777), pod))
                case "configMap" | "secret" | "downwardAPI":
                    await self._project(pod, path, [{kind: source}], source.get("defaultMode"))
                    return Volume(path, readonly=True)
                case "projected":
                    sources = source.get("sources") or []
                    await self._project(pod, path, sources, source.get("defaultMode"))
                    return Volume(path, readonly=True)
                case "persistentVolumeClaim":
                    return await self._claim(pod, source, path)
                case "hostPath":
                    return Volume(self._host_path(source))
                case "image":
                    image = self._images.resolve(source.get("reference", ""))
                    if image.directory is None:
                        raise VolumeError(
                            name, f"image {image.reference} has no directory to mount"
                        )
                    return Volume(image.directory, readonly=True)
        except (ConfigError, ImageUnknown, OSError) as error:
            raise VolumeError(name, str(error)) from None
        except ApiError as error:
            raise VolumeError(name, error.message) from None
        raise VolumeError(name, f"this node has no volume plugin for {kind}")

    async def _claim(self, pod: Object, source: Object, scratch: Path) -> Volume:
        name, namespace = source["claimName"], pod["metadata"]["namespace"]
        try:
            claim = await self._client.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        except ApiError as error:
            if error.not_found:
                raise ConfigError(f'persistentvolumeclaim "{name}" not found') from None
            raise
        if (claim.get("status") or {}).get("phase") != "Bound":
            raise ConfigError(f'persistentvolumeclaim "{name}" is not bound')
        volume = await self._client.get(PERSISTENT_VOLUMES, claim["spec"]["volumeName"])
        spec = volume["spec"]
        place = spec.get("local") or spec.get("hostPath")
        if place is None:
            raise ConfigError(
                f"persistent volume {volume['metadata']['name']} is neither local nor hostPath"
            )
        path = _existing(place["path"])
        self._directories.check(path, local="local" in spec)
        if self._lossy:
            path = Path(await asyncio.to_thread(shutil.copytree, path, scratch, symlinks=True))
        return Volume(_owned(path, pod), readonly=bool(source.get("readOnly")))

    def _host_path(self, source: Object) -> Path:
        path, kind = Path(source["path"]), source.get("type") or ""
        self._directories.check(path)
        if kind == "DirectoryOrCreate" or (not kind and not path.exists()):
            path.mkdir(parents=True, exist_ok=True)
        elif kind == "FileOrCreate":
            path.touch()
        checks: dict[str, bool] = {"Directory": path.is_dir(), "File": path.is_file()}
        if not checks.get(kind, path.exists()):
            raise ConfigError(f"hostPath type check failed: {path} is not a {kind.lower()}")
        return path

    async def _project(
        self, pod: Object, path: Path, sources: Sequence[Object], mode: int | None
    ) -> None:
        default = 0o644 if mode is None else mode
        _directory(path, 0o755)
        for source in sources:
            for name, data, item_mode in await self._files(pod, path, source):
                _write(path, name, data, default if item_mode is None else item_mode)
        _owned(path, pod, writable=False)

    async def _files(
        self, pod: Object, path: Path, source: Object
    ) -> list[tuple[str, bytes, int | None]]:
        namespace = pod["metadata"]["namespace"]
        for resource, kind in ((CONFIG_MAPS, "configMap"), (SECRETS, "secret")):
            if (reference := source.get(kind)) is not None:
                data = await fetch_data(self._client, resource, namespace, reference)
                return _chosen(data or {}, reference, f"references non-existent {kind} key")
        if (reference := source.get("downwardAPI")) is not None:
            return [
                (item["path"], self._downward(pod, item).encode(), item.get("mode"))
                for item in reference.get("items") or []
            ]
        if (reference := source.get("serviceAccountToken")) is not None:
            token = await self._token(pod, path, reference)
            return [(reference["path"], token.encode(), None)]
        raise ConfigError(f"unknown projected source: {', '.join(source)}")

    def _downward(self, pod: Object, item: Object) -> str:
        if reference := item.get("fieldRef"):
            return field_value(pod, reference["fieldPath"])
        return resource_value(pod, {}, item["resourceFieldRef"], self._allocatable)

    async def _token(self, pod: Object, path: Path, source: Object) -> str:
        metadata = pod["metadata"]
        account = pod["spec"].get("serviceAccountName") or "default"
        audience = source.get("audience")
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": source.get("expirationSeconds") or _TOKEN_SECONDS,
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        }
        url = SERVICE_ACCOUNTS.path(metadata["namespace"], account) + "/token"
        status = (await self._client.request("POST", url, body=request))["status"]
        expires = datetime.fromisoformat(status["expirationTimestamp"]).timestamp()
        self._tokens[path / source["path"]] = (source, expires)
        token: str = status["token"]
        return token

    async def renew_tokens(self, pod: Object, now: float) -> None:
        """Replace the tokens that have used up four fifths of their time, as the kubelet does."""
        for path, (source, expires) in list(self._tokens.items()):
            lifetime = source.get("expirationSeconds") or _TOKEN_SECONDS
            if now > expires - 0.2 * lifetime:
                folder = Path(str(path).removesuffix(source["path"]))
                token = await self._token(pod, folder, source)
                _write(folder, source["path"], token.encode(), path.stat().st_mode & 0o777)

    def mounts(self, container: Object, env: Mapping[str, str]) -> list[Mount]:
        """The mounts of one container, parents before children. Raises ConfigError."""
        mounts = []
        for entry in container.get("volumeMounts") or []:
            volume = self._volumes.get(entry["name"])
            if volume is None:
                raise ConfigError(f'volume "{entry["name"]}" is not mounted')
            sub = entry.get("subPath") or expand(entry.get("subPathExpr", ""), env)
            source = _sub_path(volume, sub) if sub else volume.path
            readonly = volume.readonly or bool(entry.get("readOnly"))
            mounts.append(Mount.bind(source, entry["mountPath"], readonly=readonly))
        return sorted(mounts, key=lambda mount: os.path.normpath(mount.target).split("/"))


def _directory(path: Path, mode: int) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    return path


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise ConfigError(f'path "{path}" does not exist')
    return path


def _sub_path(volume: Volume, sub: str) -> Path:
    """`sub` inside the volume; a symbolic link in the volume cannot lead out of it."""
    root = volume.path.resolve()
    path = Path(os.path.realpath(root / sub))
    if ".." in sub.split("/") or not path.is_relative_to(root):
        raise ConfigError(f"subPath {sub!r} leads out of the volume")
    if not path.exists():
        if volume.readonly:
            raise ConfigError(f'failed to prepare subPath: "{sub}" does not exist')
        path.mkdir(parents=True, mode=0o755)
    return path


def _chosen(
    data: Mapping[str, bytes], reference: Object, complaint: str
) -> list[tuple[str, bytes, int | None]]:
    items = reference.get("items")
    if not items:
        return [(name, value, None) for name, value in data.items()]
    chosen = []
    for item in items:
        if item["key"] in data:
            chosen.append((item["path"], data[item["key"]], item.get("mode")))
        elif not reference.get("optional"):
            raise ConfigError(f"{complaint}: {item['key']}")
    return chosen


def _write(folder: Path, name: str, data: bytes, mode: int) -> None:
    path = folder / name
    if not Path(os.path.normpath(path)).is_relative_to(folder):
        raise ConfigError(f"path {name!r} leads out of the volume")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Replaced as a whole: a reader sees the old content or the new one.
    partial = path.with_name(f"..{path.name}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    partial.chmod(mode)
    partial.replace(path)


def _owned(path: Path, pod: Object, *, writable: bool = True) -> Path:
    """Give the volume to the pod's fsGroup; an ordinary user's pods own all they have anyway."""
    group: Any = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    if group is None or os.getuid() != 0:
        return path
    for folder, _, files in os.walk(path):
        for name in ("", *files):
            one = os.path.join(folder, name) if name else folder
            os.chown(one, -1, group, follow_symlinks=False)
            if not os.path.islink(one):
                bits = (0o2070 if not name else 0o060) if writable else (0o050, 0o040)[bool(name)]
                os.chmod(one, os.stat(one).st_mode | bits)
    return path
