"""The last steps before exec: a container's own root, its mounts, its user and its program.

Runs in the freshly cloned process. A failure raises; the caller reports it and exits.
The read-only and hidden parts of /proc are those of the OCI runtime's default configuration
(opencontainers/runtime-spec): uid 0 without capabilities still owns these files.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import termios
from typing import Any

from . import layers, linux

_HOST = "/.host"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_PROC_READONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_PROC_HIDDEN = ("acpi", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list")


def build_root(spec: dict[str, Any], *, user_namespace: bool) -> None:
    """Make `spec["root"]` the root of this mount namespace, with `spec["mounts"]` in it.

    If there is a `spec["base"]`, the root begins with what is in there.

    The new root is entered before anything is mounted in it, so that a symbolic link in it, or
    in a volume, leads to a place inside and never to the host's files.
    """
    root = spec["root"]
    if spec["base"] is None:
        linux.mount(root, root, flags=linux.MS_BIND)
    else:
        bases = [spec["base"], *spec["layers"]]
        layers.compose(root, bases, user_namespace=user_namespace)
    os.makedirs(root + _HOST, mode=0o700, exist_ok=True)
    linux.pivot_root(root, root + _HOST)
    os.chdir("/")
    for entry in spec["mounts"]:
        _mount(entry)
    linux.detach(_HOST)
    os.rmdir(_HOST)
    if spec["working_dir"]:
        os.makedirs(spec["working_dir"], exist_ok=True)
    if spec["readonly_root"]:
        linux.make_readonly("/", recursive=False)
    linux.set_hostname(spec["hostname"])
    if spec["own_network"]:
        linux.bring_up_loopback()


def _mount(entry: dict[str, Any]) -> None:
    kind, target = entry["kind"], entry["target"]
    if kind in {"bind", "inner"}:
        source = entry["source"] if kind == "inner" else _HOST + entry["source"]
        _make_mount_point(target, directory=os.path.isdir(source))
        linux.mount(source, target, flags=linux.MS_BIND | linux.MS_REC)
        if entry["readonly"]:
            linux.make_readonly(target)
        return
    _make_mount_point(target, directory=True)
    if kind == "tmpfs":
        flags = linux.MS_NOSUID | linux.MS_NODEV
        linux.mount("tmpfs", target, "tmpfs", flags, entry["options"])
    elif kind == "proc":
        _mount_proc(target)
    elif kind == "dev":
        _mount_dev(target)
    else:
        raise ValueError(f"unknown kind of mount: {kind}")


def _make_mount_point(target: str, *, directory: bool) -> None:
    if os.path.exists(target):
        return
    try:
        os.makedirs(target if directory else os.path.dirname(target), exist_ok=True)
        if not directory:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    except OSError as error:
        if error.errno == errno.EROFS:
            raise OSError(
                error.errno, f"mount point {target} lies in a read-only part of the image"
            ) from None
        raise


def _mount_proc(target: str) -> None:
    linux.mount("proc", target, "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    for name in _PROC_READONLY:
        path = f"{target}/{name}"
        if os.path.exists(path):
            linux.mount(path, path, flags=linux.MS_BIND | linux.MS_REC)
            linux.make_readonly(path)
    for name in _PROC_HIDDEN:
        path = f"{target}/{name}"
        if os.path.isdir(path):
            linux.mount("tmpfs", path, "tmpfs", linux.MS_RDONLY)
        elif os.path.exists(path):
            linux.mount(f"{_HOST}/dev/null", path, flags=linux.MS_BIND)


def _mount_dev(target: str) -> None:
    linux.mount("tmpfs", target, "tmpfs", linux.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        source, path = f"{_HOST}/dev/{name}", f"{target}/{name}"
        if os.path.exists(source):
            _make_mount_point(path, directory=False)
            linux.mount(source, path, flags=linux.MS_BIND)
    for name, destination in _DEVICE_LINKS.items():
        os.symlink(destination, f"{target}/{name}")
    os.mkdir(f"{target}/shm")
    linux.mount("shm", f"{target}/shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=1777")
    os.mkdir(f"{target}/pts")
    flags = linux.MS_NOSUID | linux.MS_NOEXEC
    linux.mount("devpts", f"{target}/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=0620")


def become(spec: dict[str, Any], *, user_namespace: bool) -> None:
    """Take the container's user, groups and capabilities; nothing can be gained afterwards."""
    keep = spec["capabilities"]
    linux.limit_capabilities(keep)
    if not user_namespace:
        # In a user namespace the mapping has already made us this user, with no other group.
        os.setgroups(spec["groups"])
        os.setresgid(spec["gid"], spec["gid"], spec["gid"])
        os.setresuid(spec["uid"], spec["uid"], spec["uid"])
    if spec["uid"] == 0:
        linux.set_capabilities(keep)
    elif user_namespace:
        linux.set_capabilities([])
    linux.forbid_new_privileges()
    # Last: what is needed up to here may be refused afterwards.
    if program := bytes.fromhex(spec["system_calls"]):
        linux.filter_system_calls(program)


def execute(spec: dict[str, Any], fds: list[int]) -> None:
    """Replace this process with the program; `fds` become stdin, stdout and stderr.

    Does not return. A program that cannot be found raises FileNotFoundError with the words that
    runc uses for it.
    """
    for number, fd in enumerate(fds):
        os.dup2(fd, number, inheritable=True)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.umask(0o022)
    os.chdir(spec["working_dir"] or "/")
    program, env = spec["argv"][0], spec["env"]
    path = find_program(program, env.get("PATH", os.defpath))
    try:
        os.execve(path, spec["argv"], env)  # noqa: S606 (argument list, no shell)
    except OSError as error:
        words = (error.strerror or "").lower()
        raise OSError(error.errno, f'exec: "{program}": {words}') from None


def find_program(program: str, path: str) -> str:
    """Where `program` is, as execvp would find it; raises FileNotFoundError or PermissionError."""
    if "/" in program:
        if not os.path.exists(program):
            raise FileNotFoundError(
                errno.ENOENT, f'exec: "{program}": stat {program}: no such file or directory'
            )
        if os.path.isdir(program) or not os.access(program, os.X_OK):
            raise PermissionError(errno.EACCES, f'exec: "{program}": permission denied')
        return program
    for directory in path.split(":"):
        candidate = os.path.join(directory or ".", program)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(errno.ENOENT, f'exec: "{program}": executable file not found in $PATH')
