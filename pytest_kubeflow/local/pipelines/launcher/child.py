"""The component's own program, as a child process with this one's input.

Its output and its errors come by one pipe, as in the real launcher, which writes them to an
artifact too (kubeflow/pipelines backend/src/v2/component/launcher_v2.go, getLogWriter).
"""

from __future__ import annotations

import os
import select
import signal
import sys

from .errors import ComponentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FORWARDED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_CHUNK = 1 << 16
_LAST_CHUNKS = 16  # more than a pipe holds, which is 1 MiB where somebody has made it larger


def run(command: list[str]) -> None:
    """Run `command` to its end. Raises ComponentError.

    What it leaves behind is not waited for, unlike by the real launcher, which a forgotten child
    keeps for ever. Signals that come here go on to it; one between its end and ours ends this
    process, and with it the container: SystemExit.
    """
    sys.stdout.flush()
    received: list[int] = []
    pid = 0

    def forward(number: int, _: object) -> None:
        received.append(number)
        if pid and _ended(pid):
            sys.exit(128 + number)
        if pid:
            os.kill(pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    output, written = os.pipe()
    both = [(os.POSIX_SPAWN_DUP2, written, stream) for stream in (1, 2)]
    try:
        try:
            pid = os.posix_spawnp(
                command[0], command, os.environ, file_actions=both, setsigdef=_FORWARDED
            )
        finally:
            os.close(written)
        for early in received:  # those that came before there was a child
            os.kill(pid, early)
        _copy(output, 1, wake_read, lambda: _ended(pid))
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        raise ComponentError(f'exec: "{command[0]}": {_reason(error)}') from None
    finally:
        pid = 0
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in (output, wake_read, wake_write):
            os.close(one)
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


def _copy(source: int, target: int, wake: int, over: Callable[[], bool]) -> None:
    """All that comes, until nobody has the other end of `source`, or `over`: then what is there.

    `over` is asked when `wake` can be read.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(wake, select.POLLIN)
    last = 0
    while last < _LAST_CHUNKS:
        ready = {one for one, _ in poll.poll(0 if last else None)}
        if wake in ready and os.read(wake, _CHUNK) and over():
            last = last or 1
        if source in ready:
            chunk = memoryview(os.read(source, _CHUNK))
            if not chunk:
                return
            while chunk:
                chunk = chunk[os.write(target, chunk) :]
            last += bool(last)
        elif last and not ready:
            return


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "executable file not found in $PATH"
    return (error.strerror or str(error)).lower()
