"""Sessions as processes, each in a group of its own: one signal ends each of them once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Session:
    """A command that writes what it says into `output`."""

    name: str
    command: Sequence[str]
    output: Path


def run_all(
    sessions: Sequence[Session],
    *,
    folder: Path,
    at_once: int,
    on_end: Callable[[str, int], None],
) -> Mapping[str, int]:
    """The exit codes by name. `on_end` is called when one has ended, one at a time.

    Ctrl-C, SIGTERM and SIGHUP are handed to those that run, which end as sessions do and tidy up;
    those that have not begun do not. These have the code 2.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    codes: dict[str, int] = {}
    lock, telling = threading.Lock(), threading.Lock()
    ended = threading.Event()
    waiting = list(sessions)

    def work() -> None:
        while True:
            with lock:
                if ended.is_set() or not waiting:
                    return
                session = waiting.pop(0)
                process = running[session.name] = _begin(session, folder)
            code = process.wait()
            with lock:
                del running[session.name]
            # A process that a signal has killed has said nothing of its own.
            codes[session.name] = code if code >= 0 else 128 - code
            with telling:
                on_end(session.name, codes[session.name])

    def end(number: int, _frame: FrameType | None) -> None:
        ended.set()
        for process in list(running.values()):
            process.send_signal(number)

    workers = [threading.Thread(target=work) for _ in range(min(at_once, len(sessions)))]
    with _handling(end):
        for one in workers:
            one.start()
        for one in workers:
            while one.is_alive():
                one.join(0.5)  # signals are handled between joins
    return {one.name: codes.get(one.name, 2) for one in sessions}


def _begin(session: Session, folder: Path) -> subprocess.Popen[bytes]:
    with session.output.open("wb") as output:
        return subprocess.Popen(
            session.command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, handler) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, previous in before.items():
            signal.signal(one, previous)
