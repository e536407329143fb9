"""Machine: the network of this machine, for a process that has a network of its own.

A socket stays in the network namespace in which it was made, and namespaces are of threads: one
thread stays behind when the others leave, and makes the sockets that people and the outside need.
Sources: network_namespaces(7), setns(2), unshare(2), user_namespaces(7).
"""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

from pytest_kubeflow.local.spawner import namespaces

Work = tuple[Callable[[], socket.socket], "Future[socket.socket]"]


class Machine:
    """Makes sockets in the network in which this object was made, wherever the process goes."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="machine", daemon=True).start()

    def socket(self, make: Callable[[], socket.socket]) -> socket.socket:
        """What `make` makes there, at once. Raises what it raises."""
        made: Future[socket.socket] = Future()
        self._work.put((make, made))
        return made.result()

    def _run(self) -> None:
        while True:
            make, made = self._work.get()
            try:
                made.set_result(make())
            except OSError as error:
                made.set_exception(error)


def leave_the_machine() -> Machine:
    """Move this process into a network namespace of its own, in which there is nothing yet.

    An ordinary user gets a user namespace with it. For processes of one thread. Raises OSError if
    this machine does not allow it.
    """
    if not (namespaces.has_capability("SYS_ADMIN") and namespaces.has_capability("NET_ADMIN")):
        uid, gid = os.getuid(), os.getgid()
        namespaces.unshare(namespaces.CLONE_NEWUSER)
        namespaces.map_identity(uid, gid, outer_uid=uid, outer_gid=gid)
    machine = Machine()
    namespaces.unshare(namespaces.CLONE_NEWNET)
    return machine
