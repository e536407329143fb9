"""Lines in the container's log that are not the component's: the launcher's and Argo's, on stderr.

The launcher's are in the form of Go's glog, and name the line of the real one's source. Argo's
executor, which runs the launcher, has the last one (argo-workflows
cmd/argoexec/commands/emissary.go).
"""

from __future__ import annotations

import os
import sys
import time

PUBLISHED, FAILED, ABSENT, UPLOADING, NOT_UPLOADED = 206, 449, 827, 867, 876
NO_COPY, NOT_STORED = 648, 898
UNKNOWN_STORE, NO_OUTPUT, OUTPUT = 958, 1218, 1230
"""Lines of launcher_v2.go."""


def info(message: str, line: int) -> None:
    """`I1124 03:44:02.000000      17 launcher_v2.go:206] message`."""
    _write("I", message, f"launcher_v2.go:{line}")


def warning(message: str, line: int) -> None:
    _write("W", message, f"launcher_v2.go:{line}")


def error(message: str, line: int) -> None:
    _write("E", message, f"launcher_v2.go:{line}")


def end(message: str) -> None:
    """Why the launcher ends, which is not 0."""
    _write("F", message, "main.go:113")


def executor_ends(code: int) -> None:
    """What Argo's executor says when the launcher has ended with `code`."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    sys.stderr.write(
        f'time="{stamp}.000Z" level=info msg="sub-process exited" argo=true error="<nil>"\n'
    )
    if code:
        sys.stderr.write(f"Error: exit status {code}\n")
    sys.stderr.flush()


def _write(letter: str, message: str, place: str) -> None:
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now))
    micro = int(now % 1 * 1_000_000)
    sys.stderr.write(f"{letter}{stamp}.{micro:06} {os.getpid():7} {place}] {message}\n")
    sys.stderr.flush()
