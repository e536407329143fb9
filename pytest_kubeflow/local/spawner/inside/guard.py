"""The guard: the outermost process of the cluster, which outlives the server by a moment.

It makes the namespaces, starts PID 1 in them, and waits. When the server ends in whatever way,
or asks it to, it kills PID 1, with which the kernel kills every process of the cluster and takes
down every mount; then it removes the cluster's cgroups and state directories and exits.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from . import cgroup, linux
from .init import Init

_NAMESPACES = linux.CLONE_NEWPID | linux.CLONE_NEWNS


class _EndRequested(BaseException):
    """Somebody asked the guard itself to end."""


def main() -> NoReturn:
    """Arguments: number of the control socket, pid of the server, directories to remove."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    server, remove = int(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        user_namespace = _isolate()
        reached, ready = os.pipe2(os.O_CLOEXEC)
        covered, cover = os.pipe2(os.O_CLOEXEC)
        init = linux.clone()
        if init == 0:
            _run_init(control, ready, cover, user_namespace)
        os.close(ready)
        os.close(cover)
        failure = os.read(reached, 4096)
        if failure:
            raise OSError(*json.loads(failure))
    except OSError as error:
        control.send(json.dumps({"event": "refused", "message": _explain(error)}).encode())
        os._exit(1)
    control.send(json.dumps({"event": "ready"}).encode())
    _wait(control, server, init)
    with os.fdopen(covered, "rb") as cgroups:
        for line in cgroups:
            cgroup.remove(os.fsdecode(line.rstrip(b"\n")))
    for directory in remove:
        _remove(directory)
    os._exit(0)


def _isolate() -> bool:
    """Enter the cluster's namespaces; whether they are in a user namespace of one user."""
    if linux.has_capability("SYS_ADMIN"):
        linux.unshare(_NAMESPACES)
        # The server may have made one already, for a network of its own.
        return not linux.is_others_too()
    uid, gid = os.getuid(), os.getgid()
    linux.unshare(linux.CLONE_NEWUSER | _NAMESPACES)
    linux.map_identity(uid, gid, outer_uid=uid, outer_gid=gid)
    return True


def _run_init(control: socket.socket, ready: int, cover: int, user_namespace: bool) -> NoReturn:
    try:
        linux.die_with_parent(signal.SIGKILL)
        linux.mount("", "/", flags=linux.MS_PRIVATE | linux.MS_REC)
        # /proc must speak of this PID namespace: containers are entered through /proc/PID/ns.
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount("proc", "/proc", "proc", flags)
    except OSError as error:
        os.write(ready, json.dumps([error.errno, error.strerror]).encode())
        os._exit(1)
    os.close(ready)
    try:
        Init(control, cover, user_namespace=user_namespace).run()
    finally:
        os._exit(0)


def _wait(control: socket.socket, server: int, init: int) -> None:
    """Until the server has closed its end or died, or PID 1 is gone; then PID 1 is gone."""
    watched = select.poll()
    # Requests are for PID 1: only the end of the connection interests the guard.
    watched.register(control, select.POLLRDHUP | select.POLLHUP)
    init_fd = os.pidfd_open(init)
    watched.register(init_fd, select.POLLIN)
    try:
        server_fd = os.pidfd_open(server)
        watched.register(server_fd, select.POLLIN)
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGHUP, _end)
        if os.getppid() == server:
            watched.poll()
    except (_EndRequested, ProcessLookupError):
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with contextlib.suppress(ProcessLookupError):
        os.kill(init, signal.SIGKILL)
    os.waitpid(init, 0)


def _end(*_: object) -> NoReturn:
    raise _EndRequested


def _remove(directory: str) -> None:
    # Imported late: shutil takes longer to load than everything above.
    import shutil

    def unlock(_function: object, path: str, _failure: object) -> None:
        """A directory without permissions keeps its owner out, but not from changing them."""
        parent = os.path.dirname(path)
        os.chmod(parent, 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            os.unlink(path)

    try:
        shutil.rmtree(directory, onerror=unlock)
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)


def _explain(error: OSError) -> str:
    """What this machine forbids, and what to do about it."""
    found = error.strerror or str(error)
    remedy = "run as root, or on a machine that allows unprivileged user namespaces"
    restricted = _sysctl("kernel/apparmor_restrict_unprivileged_userns")
    if error.errno == errno.ENOSPC or _sysctl("user/max_user_namespaces") == "0":
        remedy = "raise it: sysctl user.max_user_namespaces=15000"
    elif _sysctl("kernel/unprivileged_userns_clone") == "0":
        remedy = "allow it: sysctl kernel.unprivileged_userns_clone=1"
    elif restricted == "1" and os.getuid() != 0:
        remedy = (
            "AppArmor restricts it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
            "or run as root"
        )
    elif _seccomp():
        remedy = (
            "a seccomp filter is active (as in Docker's default profile): start the container "
            "with --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined, or with --privileged"
        )
    return f"this machine does not let pods run in namespaces of their own ({found}): {remedy}"


def _sysctl(name: str) -> str:
    try:
        with open(f"/proc/sys/{name}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _seccomp() -> bool:
    with open("/proc/self/status", encoding="ascii") as status:
        return any(line.startswith("Seccomp:") and line.split()[1] != "0" for line in status)
