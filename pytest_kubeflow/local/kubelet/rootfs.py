"""The file system of a container: what its image offers, put together for the spawner.

The root is a directory on disk, not a tmpfs: what a component writes to /tmp is often larger than
what a machine wants to hold in memory. The host shows through read-only in /usr and in those parts
of /etc that programs need; nothing of /home, /root, /opt or /var does.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from pytest_kubeflow.local.kubelet.environments import PythonEnvironments
from pytest_kubeflow.local.kubelet.images import Image
from pytest_kubeflow.local.spawner import Mount

_DIRECTORIES = {
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
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_LOCAL = ("bin", "etc", "include", "lib", "sbin", "share", "src")
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


def assemble(
    directory: Path,
    image: Image,
    environments: PythonEnvironments,
    *,
    hostname: str,
    hosts: Path,
    uid: int,
    gid: int,
) -> tuple[Path, list[Mount]]:
    """Fill `directory` for one container; returns its root and the image's mounts, in order."""
    root, local = directory / "root", directory / "local"
    root.mkdir(parents=True)
    for name, mode in _DIRECTORIES.items():
        path = root / name
        path.mkdir()
        if mode != 0o755:
            path.chmod(mode)
    (root / "var/run").symlink_to("../run")
    for name in _LOCAL:
        (local / name).mkdir(parents=True)
    for name, target in _links().items():
        (root / name).symlink_to(target)
    mounts = [*_host_mounts(), Mount.bind(local, "/usr/local")]
    if environments.prefix == "/usr/local":
        mounts += _local_interpreter(environments, local)
    mounts.append(Mount.bind(hosts, "/etc/hosts"))
    _write_etc(root / "etc", hostname, uid, gid)
    mounts += environments.interpreter_mounts()
    (root / "run/kubelet/python3").symlink_to(environments.executable)
    if image.kind == "python":
        environments.fill(root, local)
        mounts += environments.mounts()
    elif image.directory is not None:
        mounts += [
            Mount.bind(entry, f"/{entry.name}", readonly=True)
            for entry in image.directory.iterdir()
            if entry.name not in {*_SYSTEM, *_DIRECTORIES, "proc", "dev"}
        ]
        mounts += [Mount.bind(one, str(one), readonly=True) for one in image.packages]
    return root, mounts


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


def _write_etc(etc: Path, hostname: str, uid: int, gid: int) -> None:
    users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    groups = "root:x:0:\nnogroup:x:65534:\n"
    if uid not in {0, 65534}:
        users += f"user:x:{uid}:{gid}:user:/:/bin/sh\n"
    if gid not in {0, 65534}:
        groups += f"user:x:{gid}:\n"
    resolv = Path("/etc/resolv.conf")
    for name, text in (
        ("passwd", users),
        ("group", groups),
        ("hostname", f"{hostname}\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ("resolv.conf", resolv.read_text() if resolv.exists() else ""),
    ):
        (etc / name).write_text(text)
