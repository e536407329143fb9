"""ObjectWatch: a thread that hears of changes to objects as the API server tells them."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.waiting import Deadline, bounded_by

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


class ObjectWatch(threading.Thread):
    """Reads the watch that `open_watch` opens, and opens it again when it ends, until `stop`.

    `open_watch` returns an urllib3 response whose body is read as it comes. `hear(event)` is called
    from this thread with the `type` and the `object` of each change. `alive` says whether it is
    listening now, `openings` how often it has begun to.
    """

    def __init__(
        self,
        open_watch: Callable[[], Any],
        hear: Callable[[dict[str, Any]], None],
        *,
        name: str = "object-watch",
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._open_watch = open_watch
        self._hear = hear
        self._lock = threading.Lock()
        self._response: Any = None
        self._stopped = threading.Event()
        self.alive = False
        self.openings = 0

    def run(self) -> None:
        """Thread's."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        pause = _FIRST_PAUSE
        while not self._stopped.is_set():
            # ValueError and AttributeError: what urllib3 says when it is closed under its reader.
            with contextlib.suppress(
                ApiException, KubeflowError, HTTPError, OSError, ValueError, AttributeError
            ):
                # One attempt at a time: `stop` does not wait for a policy's pauses.
                with bounded_by(Deadline.after(0)):
                    response = self._open_watch()
                with self._lock:
                    self._response = response
                    if self._stopped.is_set():
                        response.close()
                        return
                self.openings += 1
                self.alive, pause = True, _FIRST_PAUSE
                self._read(response)
            self.alive = False
            self._stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _read(self, response: Any) -> None:
        rest = b""
        for chunk in response.stream(amt=None):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in filter(None, lines):
                self._hear(json.loads(line))

    def stop(self) -> None:
        """End the thread, even in the middle of a read."""
        self._stopped.set()
        with self._lock:
            response = self._response
        if response is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
                # Closing alone would wait for the reading thread's lock.
                response.shutdown()
        if self.ident is not None:
            self.join(2.0)
        if response is not None and not self.is_alive():
            response.close()
