"""The launcher's own lines in the container's log, in the form of Go's glog, on stderr."""

from __future__ import annotations

import os
import sys
import time


def info(message: str) -> None:
    """`I1124 03:44:02.000000      17 launcher] message`."""
    _write("I", message)


def warning(message: str) -> None:
    _write("W", message)


def error(message: str) -> None:
    _write("E", message)


def _write(letter: str, message: str) -> None:
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now))
    micro = int(now % 1 * 1_000_000)
    sys.stderr.write(f"{letter}{stamp}.{micro:06} {os.getpid():7} launcher] {message}\n")
    sys.stderr.flush()
