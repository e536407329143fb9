"""Console: the standard input of a container, or its terminal, for those who attach to it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios


class Input:
    """Writes to a descriptor, which it owns, and waits while the reader does not keep up."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    @classmethod
    async def of(cls, descriptor: int) -> Input:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", buffering=0)
        )
        return cls(asyncio.StreamWriter(transport, protocol, None, loop))

    async def write(self, data: bytes) -> None:
        """Raises OSError once nobody reads any more."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


class Console:
    """What `stdin: true` and `tty: true` give a container.

    `inner` is the container's end, for the starter to close; ours is the other. `once`: the first
    who attached and went is the last whom the container hears.
    """

    def __init__(self, *, tty: bool, once: bool = False) -> None:
        self.tty = tty
        self.once = once
        if tty:
            self._outer, self.inner = os.openpty()
        else:
            self.inner, self._outer = os.pipe2(os.O_CLOEXEC)
        os.set_inheritable(self._outer, False)
        os.set_inheritable(self.inner, False)
        self._closed = False

    def output(self) -> int:
        """A terminal's output, as a descriptor of the caller's own."""
        return fcntl.fcntl(self._outer, fcntl.F_DUPFD_CLOEXEC, 0)

    async def input(self) -> Input:
        """One way in; closing it closes no other. Raises OSError if there is none any more."""
        if self._closed:
            raise OSError("the container's standard input is closed")
        return await Input.of(fcntl.fcntl(self._outer, fcntl.F_DUPFD_CLOEXEC, 0))

    def resize(self, width: int, height: int) -> None:
        if self.tty and not self._closed:
            fcntl.ioctl(self._outer, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._outer)
