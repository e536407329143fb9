"""The component's output on its way to the container's log, with a copy in a file.

The copy is what the artifact `executor-logs` holds.
"""

from __future__ import annotations

import os
import select

from . import log

_CHUNK = 1 << 16


class Output:
    """A pipe for a component's output: what comes through it is written on, to its end.

    `copy` is the path of the copy, if there is to be one. With `until_closed` the end is that
    nobody holds the pipe any more, as for the real launcher, which a forgotten child keeps for
    ever; else it is that of the component itself.
    """

    def __init__(self, copy: str | None = None, *, until_closed: bool = False) -> None:
        self._until_closed = until_closed
        self._copy = -1
        if copy is not None:
            try:
                self._copy = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)
            except OSError:
                # Without its copy, the task goes on.
                log.error(f"Error creating logFilePath, {copy}.", log.NO_COPY)
        self._reader, self.writer = os.pipe()

    def started(self) -> None:
        """The component has its end of the pipe; ours is closed."""
        os.close(self.writer)
        self.writer = -1

    def follow(self, pid: int) -> None:
        """Write on what comes, until the end; the component `pid` is not waited for."""
        process = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(self._reader, select.POLLIN)
            if not self._until_closed:
                poll.register(process, select.POLLIN)
            ended = False
            while not ended:
                ended = any(descriptor == process for descriptor, _ in poll.poll())
                if ended:
                    os.set_blocking(self._reader, False)
                    self._write_on(all_of_it=True)
                elif not self._write_on():
                    return
        finally:
            os.close(process)

    def close(self) -> None:
        for descriptor in (self._reader, self.writer, self._copy):
            if descriptor >= 0:
                os.close(descriptor)

    def _write_on(self, *, all_of_it: bool = False) -> bool:
        """What is there now; False at the end of it."""
        while True:
            try:
                data = os.read(self._reader, _CHUNK)
            except BlockingIOError:
                return False
            if not data:
                return False
            _write(1, data)
            if self._copy >= 0:
                _write(self._copy, data)
            if not all_of_it:
                return True


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
