"""Volumes of a pod: each becomes a directory or file of the host, mounted where containers say.

Wording of failures as in kubernetes/kubernetes pkg/kubelet and pkg/volume.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
    Reader,
    expand,
    fetch_data,
    field_value,
    resource_value,
)
from pytest_kubeflow.local.kubelet.hostdirectories import HostDirectories
from pytest_kubeflow.local.kubelet.images import ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.projection import ProjectedFile, own, own_folder, write_files
from pytest_kubeflow.local.spawner import Mount

_MISSING_KEY = {
    "configMap": "configmap references non-existent config key",
    "secret": "references non-existent secret key",
}
_TOKEN_SECONDS = 3607  # the default of the API server's admission, as in real clusters


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


_File = tuple[str, bytes, int | None, int | None]
"""Path, content, mode if the source says one, and owner."""


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
        self._empty: dict[str, Path] = {}
        self._projected: dict[str, tuple[Sequence[Object], int | None]] = {}
        self._shown: dict[str, dict[str, ProjectedFile]] = {}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}

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
                    sources: list[Object] = [{kind: source}]
                    if kind == "projected":
                        sources = source.get("sources") or []
                    self._projected[name] = (sources, source.get("defaultMode"))
                    # The modes of a directory on disk and of a new tmpfs, which this is not.
                    _directory(path, 0o777 if kind == "configMap" else 0o1777)
                    await self._project(pod, name)
                    own_folder(path, _group(pod))
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

    async def _project(self, pod: Object, name: str, client: Reader | None = None) -> None:
        """Write what a volume shows, if that is not there already."""
        sources, mode = self._projected[name]
        default = 0o644 if mode is None else mode
        files: dict[str, ProjectedFile] = {}
        for source in sources:
            found = await self._files(pod, name, source, client or self._client)
            for path, data, item_mode, owner in found:
                files[path] = ProjectedFile(
                    data, default if item_mode is None else item_mode, owner
                )
        if self._shown.get(name) != files:
            write_files(self._directory / name, files, group=_group(pod))
            self._shown[name] = files

    async def _files(self, pod: Object, volume: str, source: Object, client: Reader) -> list[_File]:
        namespace = pod["metadata"]["namespace"]
        for resource, kind in ((CONFIG_MAPS, "configMap"), (SECRETS, "secret")):
            if (reference := source.get(kind)) is not None:
                data = await fetch_data(client, resource, namespace, reference)
                return _chosen(data or {}, reference, _MISSING_KEY[kind])
        if (reference := source.get("downwardAPI")) is not None:
            return [
                (item["path"], self._downward(pod, item).encode(), item.get("mode"), None)
                for item in reference.get("items") or []
            ]
        if (reference := source.get("serviceAccountToken")) is not None:
            token = await self._token(pod, volume, reference)
            user = _common_user(pod)
            mode = None if user is None and _group(pod) is None else 0o600
            return [(reference["path"], token.encode(), mode, user)]
        raise ConfigError(f"unknown projected source: {', '.join(source)}")

    def _downward(self, pod: Object, item: Object) -> str:
        if reference := item.get("fieldRef"):
            return field_value(pod, reference["fieldPath"])
        return resource_value(pod, {}, item["resourceFieldRef"], self._allocatable)

    async def _token(self, pod: Object, volume: str, source: Object) -> str:
        if (known := self._tokens.get((volume, source["path"]))) is not None:
            return known[0]
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
        lifetime = source.get("expirationSeconds") or _TOKEN_SECONDS
        token: str = status["token"]
        self._tokens[volume, source["path"]] = (token, expires - 0.2 * lifetime)
        return token

    async def renew_tokens(self, pod: Object, now: float) -> None:
        """Replace the tokens that have used up four fifths of their time, as the kubelet does."""
        for (volume, path), (_, due) in list(self._tokens.items()):
            if now > due:
                del self._tokens[volume, path]
                await self._project(pod, volume)

    async def refresh(self, pod: Object, client: Reader) -> None:
        """Bring in what has changed, as `client` has it. Raises VolumeError; then all stays."""
        for name in list(self._projected):
            if name in self._volumes:
                with _told_of(name):
                    await self._project(pod, name, client)

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


def _chosen(data: Mapping[str, bytes], reference: Object, complaint: str) -> list[_File]:
    items = reference.get("items")
    if not items:
        return [(name, value, None, None) for name, value in data.items()]
    chosen: list[_File] = []
    for item in items:
        if item["key"] in data:
            chosen.append((item["path"], data[item["key"]], item.get("mode"), None))
        elif not reference.get("optional"):
            raise ConfigError(f"{complaint}: {item['key']}")
    return chosen


def _group(pod: Object) -> int | None:
    group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return group


def _common_user(pod: Object) -> int | None:
    """The user of all containers, if they have one user and the pod says which."""
    default = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = {
        (one.get("securityContext") or {}).get("runAsUser", default)
        for one in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    }
    return users.pop() if len(users) == 1 else None


def _owned(path: Path, pod: Object) -> Path:
    own(path, _group(pod), writable=True)
    return path
