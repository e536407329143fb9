"""Volumes of a pod: each becomes a directory or file of the host, mounted where containers say.

Wording of failures as in kubernetes/kubernetes pkg/kubelet and pkg/volume.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
)
from pytest_kubeflow.local.kubelet.containers.env import (
    ConfigError,
    Reader,
    expand,
)
from pytest_kubeflow.local.kubelet.images.catalogue import ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.kubelet.volumes.projected import ProjectedVolumes, group_of
from pytest_kubeflow.local.kubelet.volumes.projection import own, own_folder
from pytest_kubeflow.local.spawner import Mount


class VolumeError(Exception):
    """A volume cannot be mounted (event FailedMount); the pod waits and it is tried again."""

    @classmethod
    def of(cls, volume: str, message: str) -> VolumeError:
        return cls(f'MountVolume.SetUp failed for volume "{volume}" : {message}')


@contextlib.contextmanager
def _told_of(volume: str) -> Iterator[None]:
    """Tell of everything that can fail as a failure of the volume."""
    try:
        yield
    except (ConfigError, ImageUnknown, OSError) as error:
        raise VolumeError.of(volume, str(error)) from None
    except ApiError as error:
        raise VolumeError.of(volume, error.message) from None


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
        self._lossy = lossy
        self._directories = directories
        self._volumes: dict[str, Volume] = {}
        self._empty: dict[str, Path] = {}
        self._projected = ProjectedVolumes(client, directory, allocatable=allocatable)

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
        with _told_of(name):
            match kind:
                case "emptyDir":
                    mode = 0o1777 if source.get("medium") == "Memory" else 0o777
                    self._empty[name] = _owned(_directory(path, mode), pod)
                    return Volume(path)
                case "configMap" | "secret" | "downwardAPI" | "projected":
                    self._projected.add(name, kind, source)
                    # The modes of a directory on disk and of a new tmpfs, which this is not.
                    _directory(path, 0o777 if kind == "configMap" else 0o1777)
                    await self._projected.project(pod, name)
                    own_folder(path, group_of(pod))
                    return Volume(path, readonly=True)
                case "persistentVolumeClaim":
                    return await self._claim(pod, source, path)
                case "hostPath":
                    return Volume(self._host_path(source))
                case "image":
                    image = self._images.resolve(source.get("reference", ""))
                    if image.directory is None:
                        raise VolumeError.of(
                            name, f"image {image.reference} has no directory to mount"
                        )
                    return Volume(image.directory, readonly=True)
        raise VolumeError.of(name, f"this node has no volume plugin for {kind}")

    async def _claim(self, pod: Object, source: Object, scratch: Path) -> Volume:
        name, namespace = source["claimName"], pod["metadata"]["namespace"]
        try:
            claim = await self._client.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        except ApiError as error:
            if error.not_found:
                why = f"failed to fetch PVC from API server: {error.message}"
                raise _unprocessed(pod, scratch.name, name, why) from None
            raise
        if (claim.get("status") or {}).get("phase") != "Bound":
            raise _unprocessed(pod, scratch.name, name, "PVC is not bound")
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

    async def renew_tokens(self, pod: Object, now: float) -> None:
        """Replace the tokens that have used up four fifths of their time, as the kubelet does."""
        await self._projected.renew_tokens(pod, now)

    async def refresh(self, pod: Object, client: Reader) -> None:
        """Bring in what has changed, as `client` has it. Raises VolumeError; then all stays."""
        for name in self._projected.names:
            if name in self._volumes:
                with _told_of(name):
                    await self._projected.project(pod, name, client)

    @property
    def empty_dirs(self) -> dict[str, Path]:
        """The directories of the pod's emptyDirs, by the volumes' names."""
        return dict(self._empty)

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


def _unprocessed(pod: Object, volume: str, claim: str, why: str) -> VolumeError:
    return VolumeError(
        f"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[], "
        f"failed to process volumes=[{volume}]: error processing PVC "
        f"{pod['metadata']['namespace']}/{claim}: {why}",
    )


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
        # What is made in between is as the volume itself, so that who may write there may here.
        mode = stat.S_IMODE(root.stat().st_mode)
        for parent in [*reversed(path.relative_to(root).parents[:-1]), path.relative_to(root)]:
            if not (root / parent).exists():
                (root / parent).mkdir()
                (root / parent).chmod(mode & 0o6777)
    return path


def _owned(path: Path, pod: Object) -> Path:
    own(path, group_of(pod), writable=True)
    return path
