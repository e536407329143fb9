"""WorkQueue: keys to reconcile, each at most once at a time, retried with a growing delay."""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.kube.informer import Key

_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 30.0


class WorkQueue:
    """FIFO of keys. A key that is added while it is being worked on comes again afterwards."""

    def __init__(self) -> None:
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}

    def add(self, key: Key) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.add, key)

    async def take(self) -> Key:
        key = await self._ready.get()
        self._queued.discard(key)
        self._working.add(key)
        return key

    def done(self, key: Key, *, failed: bool = False) -> None:
        """Give a taken key back; a failed one returns after 50 ms, doubling up to 30 s."""
        self._working.discard(key)
        if failed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            self.add_after(key, min(_FIRST_RETRY_SECONDS * 2**failures, _LAST_RETRY_SECONDS))
        else:
            self._failures.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
