"""The file system of a container: what its image offers, put together for the spawner.

A container begins with the base layer of its image, which it shares with others; what it writes
goes to a directory on disk, not a tmpfs: what a component writes to /tmp is often larger than what
a machine wants to hold in memory. The host shows through read-only in /usr and in those parts
of /etc that programs need; nothing of /home, /root, /opt or /var does.
"""

from __future__ import annotations

import functools
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_kubeflow.local.kubelet.images.catalogue import PACKAGES, Image
from pytest_kubeflow.local.kubelet.images.environments import PythonEnvironments
from pytest_kubeflow.local.spawner import Identity, Mount

DIRECTORIES = {
    "etc": 0o755,
    "home": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "root": 0o755,
    "run": 0o755,
    "run/kubelet": 0o755,
    "run/lock": 0o1777,
    "srv": 0o755,
    "sys": 0o755,
    "tmp": 0o1777,
    "usr": 0o755,
    "var": 0o755,
    "var/cache": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/tmp": 0o1777,
}
"""Directories that each container has, and their modes."""

_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_LOCAL = ("bin", "etc", "include", "lib", "sbin", "share", "src")
_NSLOOKUP = Path(__file__).parents[1] / "shim/nslookup"
LOCAL_PLACE = "/run/kubelet/local"
"""What is shown as /usr/local, which lies in a part of the host."""

_USERS = 100  # the group of that name in Debian's base, and of notebooks
# Configuration that programs of the host's userland read, and that holds no secret.
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "os-release",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """What containers of one image and user begin with: a directory, and mounts in their order."""

    directory: Path
    mounts: tuple[Mount, ...]
    below: tuple[Path, ...] = ()
    """Layers of the image itself."""

    def mounts_of(self, *, readonly: bool) -> list[Mount]:
        """The mounts for a container with or without a read-only root."""
        return [
            replace(one, readonly=readonly) if one.kind == "inner" else one for one in self.mounts
        ]


class BaseLayers:
    """Makes base layers below `directory`, each when it is first asked for; none is ever changed.

    A container has some forty directories and links, which would take longer to make on a disk than
    everything else about it.
    """

    def __init__(self, directory: Path, environments: PythonEnvironments) -> None:
        self._directory = directory
        self._environments = environments
        self._made: dict[tuple[object, ...], BaseLayer] = {}

    def of(self, image: Image, who: Identity) -> BaseLayer:
        """The layer of an image for a user. Raises OSError if it cannot be made."""
        # An image that is a directory may change, as long as nothing of it runs.
        content = tuple(sorted(os.listdir(image.directory))) if image.directory else ()
        key = (
            *(image.kind, image.directory, content, image.packages, image.environment),
            *(image.home, image.programs, image.root, who.uid, who.gid),
        )
        if key not in self._made:
            root = self._directory / uuid.uuid4().hex
            try:
                self._made[key] = self._make(root, image, who)
            except OSError:
                shutil.rmtree(root, ignore_errors=True)
                raise
        return self._made[key]

    def _make(self, root: Path, image: Image, who: Identity) -> BaseLayer:
        environments = self._environments
        root.mkdir(parents=True)
        if image.kind == "whole":
            return self._of_whole(root, image)
        for name, mode in DIRECTORIES.items():
            _directory(root / name, mode)
        (root / "var/run").symlink_to("../run")
        for name, target in _links().items():
            (root / name).symlink_to(target)
        local = root / LOCAL_PLACE.lstrip("/")
        for name in _LOCAL:
            _directory(local / name)
        mounts = [*_host_mounts(), Mount("inner", "/usr/local", LOCAL_PLACE)]
        if environments.prefix == "/usr/local":
            mounts += _local_interpreter(environments, local)
        _write_etc(root / "etc", who, image)
        mounts += environments.interpreter_mounts()
        (root / "run/kubelet/python3").symlink_to(environments.executable)
        if image.kind == "python":
            environments.fill(root, local, image.environment)
            mounts += environments.mounts()
        elif image.kind == "userland":
            shutil.copy2(_NSLOOKUP, local / "bin/nslookup")
        for name, target in image.programs:
            (local / "bin" / name).symlink_to(target)
        if image.directory is not None:
            mounts += [
                Mount.bind(entry, f"/{entry.name}", readonly=True)
                for entry in image.directory.iterdir()
                if entry.name not in {*_SYSTEM, *DIRECTORIES, "proc", "dev"}
            ]
            mounts += [
                Mount.bind(one, f"{PACKAGES}/{number}", readonly=True)
                for number, one in enumerate(image.packages)
            ]
        if image.home:
            _make_home(root / image.home.lstrip("/"), who)
        _make_mount_points(root, mounts)
        packages = image.environment
        below = () if packages is None else (environments.images.layer(packages),)
        if image.root is not None:  # what was added to it comes first
            return BaseLayer(image.root, tuple(mounts), (root, *below))
        return BaseLayer(root, tuple(mounts), below)

    def _of_whole(self, root: Path, image: Image) -> BaseLayer:
        """Of an image that has a system of its own: no more than every container has."""
        assert image.root is not None
        mounts = [Mount("proc", "/proc"), Mount("dev", "/dev")]
        mounts.append(Mount.bind("/sys", "/sys", readonly=True))
        _directory(root / "etc")
        for name in ("hostname", "hosts", "resolv.conf"):
            (root / "etc" / name).touch()
        _make_mount_points(root, mounts)
        return BaseLayer(root, tuple(mounts), (image.root,))


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """Files that tell all containers of a pod who they are; what is written to them is seen."""

    directory: Path

    @property
    def hosts(self) -> Path:
        return self.directory / "hosts"

    def write(self, hostname: str, *, name_server: str | None = None) -> None:
        """Write what stays the same; `hosts` is the pod's, which learns of Services.

        Names are asked of the machine's servers, or of `name_server` in place of those.
        """
        resolver = Path("/etc/resolv.conf")
        text = resolver.read_text() if resolver.exists() else ""
        if name_server is not None:
            kept = [line for line in text.splitlines() if line.split()[:1] != ["nameserver"]]
            text = "\n".join([f"nameserver {name_server}", *kept, ""])
        (self.directory / "resolv.conf").write_text(text)
        (self.directory / "hostname").write_text(f"{hostname}\n")

    def mounts(self, *, readonly: bool) -> list[Mount]:
        """For a container with or without a read-only root (containerd's container_create.go)."""
        return [
            Mount.bind(self.directory / name, f"/etc/{name}", readonly=readonly)
            for name in ("hosts", "hostname", "resolv.conf")
        ]


def _directory(path: Path, mode: int = 0o755) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def _make_home(path: Path, who: Identity) -> None:
    _directory(path, 0o2775)
    if os.getuid() == 0:  # an ordinary user's containers own all that they have
        os.chown(path, who.uid, who.gid)


def _make_mount_points(root: Path, mounts: Sequence[Mount]) -> None:
    """Make those that no other mount covers: each that is missing is made in every container."""
    covered: list[str] = []
    for mount in mounts:
        if not any(mount.target.startswith(f"{one}/") for one in covered):
            point = root / mount.target.lstrip("/")
            if mount.kind == "bind" and not os.path.isdir(mount.source):
                point.parent.mkdir(parents=True, exist_ok=True)
                point.touch()
            else:
                point.mkdir(parents=True, exist_ok=True)
        covered.append(mount.target)


@functools.cache
def _links() -> dict[str, str]:
    """`/bin` and its like where the host has links into /usr."""
    return {name: os.readlink(f"/{name}") for name in _SYSTEM if os.path.islink(f"/{name}")}


@functools.cache
def _host_mounts() -> tuple[Mount, ...]:
    """What of the host every container sees. The same for all, so it is looked up once."""
    system = ["usr", "sys", *(name for name in _SYSTEM if name not in _links())]
    return (
        *(
            Mount.bind(f"/{name}", f"/{name}", readonly=True)
            for name in system
            if os.path.isdir(f"/{name}")
        ),
        Mount("proc", "/proc"),
        Mount("dev", "/dev"),
        *(
            Mount.bind(f"/etc/{name}", f"/etc/{name}", readonly=True)
            for name in _ETC
            if os.path.exists(f"/etc/{name}")
        ),
    )


def _local_interpreter(environments: PythonEnvironments, local: Path) -> list[Mount]:
    """An interpreter in /usr/local keeps its place there, beside the shims."""
    (local / "bin" / os.path.basename(environments.executable)).touch()
    return [
        Mount.bind(environments.executable, environments.executable, readonly=True),
        *(
            Mount.bind(f"/usr/local/{name}", f"/usr/local/{name}", readonly=True)
            for name in ("lib", "include", "share")
            if os.path.isdir(f"/usr/local/{name}")
        ),
    ]


def _write_etc(etc: Path, who: Identity, image: Image) -> None:
    users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    groups = "root:x:0:\nnogroup:x:65534:\n"
    if who.uid not in {0, 65534}:
        home, name = image.home or "/", image.account
        users += f"{name}:x:{who.uid}:{who.gid}:{name}:{home}:/bin/sh\n"
    if who.gid not in {0, 65534}:
        groups += f"{'users' if who.gid == _USERS else 'user'}:x:{who.gid}:\n"
    for name, text in (
        ("passwd", users),
        ("group", groups),
        ("hostname", ""),
        ("hosts", ""),
        ("resolv.conf", ""),
        ("host.conf", "multi on\n"),  # a name may have several addresses in /etc/hosts
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ):
        (etc / name).write_text(text)
