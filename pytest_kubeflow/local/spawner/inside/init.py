"""PID 1 of the cluster: starts processes on request, reports their ends, reaps orphans.

Requests and reports are JSON datagrams on one SOCK_SEQPACKET socket:

    {"op": "spawn", "id": N}           with descriptors [specification, stdin, stdout, stderr], and
                                       the network namespace to be in, if it is not the cluster's
    {"op": "signal", "id": N, "signal": S}
    {"op": "cover", "id": N}           with a descriptor [list of cgroup directories]
    {"event": "started", "id": N}      the program runs
    {"event": "failed", "id": N, "errno": E, "message": TEXT}      it could not be started
    {"event": "exited", "id": N, "status": W}                      W as waitpid gives it
    {"event": "covered", "id": N}      the guard will remove those cgroups

The specification travels in a memory file because it may be larger than a datagram.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
from dataclasses import dataclass
from typing import Any, NoReturn

from . import cgroup, container, linux

_ISOLATION = linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC
_MESSAGE = 65536


@dataclass
class _Child:
    """A process asked for by the server; `pid` is 0 until one that enters a container tells it."""

    id: int
    pid: int
    namespaced: bool
    user_namespace: bool
    own_network: bool
    cgroups: list[str]


class Init:
    """The loop of PID 1; ends when the server closes its end of `control`.

    What is written to `guard` the guard reads after the end: cgroups to remove, one a line.
    """

    def __init__(self, control: socket.socket, guard: int, *, user_namespace: bool) -> None:
        self._control = control
        self._guard = guard
        self._user_namespace = user_namespace
        self._uid, self._gid = os.getuid(), os.getgid()
        self._network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._children: dict[int, _Child] = {}
        self._starting: dict[int, _Child] = {}
        self._early: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake_read, selectors.EVENT_READ)
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._serve():
                        return
                elif key.fd == wake_read:
                    os.read(wake_read, 4096)
                    self._reap()
                elif key.fd in self._starting:
                    self._settle(key.fd)

    def _report(self, **event: Any) -> None:
        try:
            self._control.send(json.dumps(event).encode())
        except BrokenPipeError:
            # The server is gone; its end of the socket reads as closed next.
            return

    def _serve(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, _MESSAGE, 8)
        for fd in fds:
            # recv_fds of Python 3.11 ignores its flags, MSG_CMSG_CLOEXEC among them.
            os.set_inheritable(fd, False)
        if not data:
            return False
        request = json.loads(data)
        if request["op"] == "spawn":
            self._spawn(request["id"], fds)
        elif request["op"] == "cover":
            for directory in _read_json(fds[0]):
                os.write(self._guard, os.fsencode(directory) + b"\n")
            self._report(event="covered", id=request["id"])
        elif (child := self._children.get(request["id"])) and child.pid:
            os.kill(child.pid, request["signal"])
        return True

    def _spawn(self, number: int, fds: list[int]) -> None:
        spec = _read_json(fds[0])
        failure_read, failure_write = os.pipe2(os.O_CLOEXEC)
        enter = spec["enter"]
        isolated = spec["container"] is not None
        cgroups = spec["container"]["cgroups"] if isolated else []
        own_network = isolated and spec["container"]["own_network"]
        flags = _ISOLATION if isolated else 0
        if own_network:
            flags |= linux.CLONE_NEWNET
        # Root may lack the right to configure a network: in a user namespace it has that right.
        user_namespace = self._user_namespace or (
            own_network and not linux.has_capability("NET_ADMIN")
        )
        if isolated and user_namespace:
            flags |= linux.CLONE_NEWUSER
        try:
            inside = self._running(enter) if enter is not None else None
            target = self._namespace_fds(inside) if inside is not None else []
            if inside is not None:
                user_namespace = inside.user_namespace
            network = fds[4] if len(fds) > 4 else None
            pid, joins = self._clone(flags, inside.cgroups if inside else cgroups, network)
        except OSError as error:
            os.close(failure_read)
            self._report(event="failed", id=number, errno=error.errno, message=error.strerror)
        else:
            if pid == 0:
                self._become(
                    spec, fds[1:4], failure_write, target, joins, user_namespace=user_namespace
                )
            child = _Child(
                number,
                0 if enter is not None else pid,
                isolated,
                user_namespace,
                own_network,
                cgroups,
            )
            self._children[number] = child
            self._starting[failure_read] = child
            self._selector.register(failure_read, selectors.EVENT_READ)
            for fd in target:
                os.close(fd)
        os.close(failure_write)
        for fd in fds[1:]:
            os.close(fd)

    def _clone(self, flags: int, cgroups: list[str], network: int | None) -> tuple[int, list[str]]:
        """Clone into a network namespace: the pid, and what the child has to join.

        We enter it, and not the child: a container's own user namespace has no rights to it.
        """
        if network is None:
            return _clone(flags, cgroups)
        linux.enter_namespace(network)
        pid = -1
        try:
            pid, joins = _clone(flags, cgroups)
        finally:
            if pid:
                linux.enter_namespace(self._network)
        return pid, joins

    def _running(self, number: int) -> _Child:
        """The container of that number. Raises OSError if it does not run."""
        child = self._children.get(number)
        if (
            child is None
            or not child.namespaced
            or any(starting is child for starting in self._starting.values())
        ):
            raise OSError(3, "the container is not running")
        return child

    def _namespace_fds(self, child: _Child) -> list[int]:
        """The namespaces of a running container, the user namespace first."""
        names = [
            *(["user"] if child.user_namespace else []),
            *(["net"] if child.own_network else []),
            *(["cgroup"] if child.cgroups else []),
            *("ipc", "uts", "pid", "mnt"),
        ]
        folder = f"/proc/{child.pid}/ns"
        return [os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in names]

    def _become(
        self,
        spec: dict[str, Any],
        fds: list[int],
        failure: int,
        target: list[int],
        joins: list[str],
        *,
        user_namespace: bool,
    ) -> NoReturn:
        """In the child: from here to the program, or to a report of what went wrong."""
        try:
            signal.set_wakeup_fd(-1)
            settings = spec["container"] or spec["inside"]
            # First of all, while the host's cgroup file system is in sight.
            cgroup.join(joins)
            if spec["container"] and spec["container"]["cgroups"]:
                # The container's own cgroup becomes the root of what /proc says in it.
                linux.unshare(linux.CLONE_NEWCGROUP)
            if target:
                for fd in target:
                    linux.enter_namespace(fd)
                # Only a child is in the PID namespace just entered; as our sibling it is reaped
                # by PID 1 of the cluster like every other process.
                if pid := linux.clone(linux.CLONE_PARENT):
                    os.write(failure, b'{"pid": %d}\n' % pid)
                    os._exit(0)
            elif settings is not None:
                if user_namespace:
                    linux.map_identity(
                        settings["uid"],
                        settings["gid"],
                        outer_uid=self._uid,
                        outer_gid=self._gid,
                    )
                container.build_root(
                    settings | {"working_dir": spec["working_dir"]},
                    user_namespace=user_namespace,
                )
            os.setsid()
            if settings is not None:
                container.become(settings, user_namespace=user_namespace)
            elif user_namespace:
                linux.set_capabilities([])
            container.execute(spec, fds)
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None) or 22
            message = getattr(error, "strerror", None) or str(error)
            os.write(failure, json.dumps({"errno": number, "message": message}).encode())
        finally:
            os._exit(127)

    def _settle(self, failure: int) -> None:
        """Read the start report of a child to its end: nothing in it means that exec succeeded."""
        text = b""
        while chunk := os.read(failure, _MESSAGE):
            text += chunk
        child = self._starting.pop(failure)
        self._selector.unregister(failure)
        os.close(failure)
        reports = [json.loads(line) for line in text.splitlines()]
        for report in reports:
            child.pid = report.get("pid", child.pid)
        error = next((report for report in reports if "errno" in report), None)
        if error is None:
            self._report(event="started", id=child.id)
        else:
            self._children.pop(child.id, None)
            self._report(event="failed", id=child.id, **error)
        if (status := self._early.pop(child.pid, None)) is not None and error is None:
            self._ended(child, status)
        if not self._starting:
            self._early.clear()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for failure, starting in list(self._starting.items()):
                if starting.pid == pid:
                    self._settle(failure)
            child = next((one for one in self._children.values() if one.pid == pid), None)
            if child is not None:
                self._ended(child, status)
            elif self._starting:
                # Perhaps a process that entered a container and whose pid is not told yet.
                self._early[pid] = status

    def _ended(self, child: _Child, status: int) -> None:
        del self._children[child.id]
        self._report(event="exited", id=child.id, status=status)


def _clone(flags: int, cgroups: list[str]) -> tuple[int, list[str]]:
    """Clone into a cgroup as far as the kernel can; the pid, and what the child has to join."""
    directory = cgroup.unified(cgroups)
    if directory is None:
        return linux.clone(flags), cgroups
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return linux.clone(flags, cgroup=fd), [one for one in cgroups if one != directory]
        finally:
            os.close(fd)
    except OSError:
        # An older kernel, or a cgroup that is not there: joining does it, or says what is wrong.
        return linux.clone(flags), cgroups


def _read_json(fd: int) -> Any:
    """The content of a memory file, which is closed."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return json.loads(file.read())
