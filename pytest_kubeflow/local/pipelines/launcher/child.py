"""The component's own program, as a child process with this one's input.

Its errors go where its output goes, in their order, as with the real launcher, which hands both to
one writer (kubeflow/pipelines backend/src/v2/component/launcher_v2.go, getLogWriter).
"""

from __future__ import annotations

import os
import signal
import sys

from .errors import ComponentError
from .output import Output

_FORWARDED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def run(command: list[str], *, copy: str | None = None, until_closed: bool = False) -> None:
    """Run `command` to its end, with a `copy` of its output (a path). Raises ComponentError.

    What it leaves behind is not waited for, unless `until_closed`: then as long as that holds the
    output. Signals that come here go on to it; one between its end and ours ends this process, and
    with it the container: SystemExit.
    """
    sys.stdout.flush()
    output = Output(copy, until_closed=until_closed)
    received: list[int] = []
    pid = 0

    def forward(number: int, _: object) -> None:
        received.append(number)
        if pid and _ended(pid):
            sys.exit(128 + number)
        if pid:
            os.kill(pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        pid = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, output.writer, 1),
                (os.POSIX_SPAWN_DUP2, output.writer, 2),
            ],
            setsigdef=_FORWARDED,
        )
        output.started()
        for early in received:  # those that came before there was a child
            os.kill(pid, early)
        output.follow(pid)
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        raise ComponentError(f'exec: "{command[0]}": {_reason(error)}') from None
    finally:
        pid = 0
        for number, handler in before.items():
            signal.signal(number, handler)
        output.close()
    code = os.waitstatus_to_exitcode(status)
    if code > 0:
        raise ComponentError(f"exit status {code}")
    if code < 0:
        raise ComponentError(f"signal: {str(signal.strsignal(-code)).lower()}")


def _ended(pid: int) -> bool:
    """Whether this child has ended, be it waited for or not."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "executable file not found in $PATH"
    return (error.strerror or str(error)).lower()
