"""The component's own program, as a child process with this one's input and output."""

from __future__ import annotations

import os
import signal
import sys

from .errors import ComponentError

_FORWARDED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def run(command: list[str]) -> None:
    """Run `command` to its end; signals that come here go on to it. Raises ComponentError."""
    sys.stdout.flush()
    received: list[int] = []
    pid = 0

    def forward(number: int, _: object) -> None:
        received.append(number)
        if pid:
            os.kill(pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, setsigdef=_FORWARDED)
        for early in received:  # those that came before there was a child
            os.kill(pid, early)
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        raise ComponentError(f'exec: "{command[0]}": {_reason(error)}') from None
    finally:
        pid = 0
        for number, handler in before.items():
            signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    if code > 0:
        raise ComponentError(f"exit status {code}")
    if code < 0:
        raise ComponentError(f"signal: {str(signal.strsignal(-code)).lower()}")


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "executable file not found in $PATH"
    return (error.strerror or str(error)).lower()
