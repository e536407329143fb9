"""Cgroups as the spawner's processes need them: joining, and removing what is left.

A cgroup is given as its directories: one where version 2 or one hierarchy of version 1 holds all
controllers, several where they are spread over hierarchies. Source: cgroups(7).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable

_REMOVAL_SECONDS = 5.0
_RETRY_SECONDS = 0.01


def unified(directories: Iterable[str]) -> str | None:
    """The directory of version 2 among them, into which a process can be cloned."""
    return next((one for one in directories if not _is_v1(one)), None)


def join(directories: Iterable[str]) -> None:
    """Move this process, which has one thread, and so its later children. Raises OSError."""
    for directory in directories:
        # A thread that moves itself spares the kernel the lock that stops all forks, for which
        # it waits 10 ms and more (cgroup_procs_write_start in kernel/cgroup/cgroup.c).
        file = "tasks" if _is_v1(directory) else "cgroup.procs"
        try:
            fd = os.open(f"{directory}/{file}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, b"0")
            finally:
                os.close(fd)
        except OSError as error:
            raise OSError(
                error.errno, f"join cgroup {directory}: {os.strerror(error.errno or 0)}"
            ) from None


def _is_v1(directory: str) -> bool:
    return os.path.exists(f"{directory}/tasks")


def remove(directory: str) -> None:
    """Remove a cgroup whose processes have ended, with all cgroups below it.

    One that cannot be removed is left: processes that are not ours have been moved into it.
    """
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while True:
        try:
            _remove_tree(directory)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                return
            # Version 1 announces nowhere when the last process has left.
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _remove_tree(directory: str) -> None:
    with os.scandir(directory) as entries:
        below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in below:
        _remove_tree(path)
    os.rmdir(directory)
