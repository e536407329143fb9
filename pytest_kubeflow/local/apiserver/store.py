"""Store: the objects of the cluster, their revisions, and what happened to them."""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pytest_kubeflow.local.apiserver.errors import Object

Type = tuple[str, str]  # group, plural
Name = tuple[str, str]  # namespace ("" for cluster-scoped), name
Action = Literal["ADDED", "MODIFIED", "DELETED"]

_HISTORY = 20_000  # changes that a watch can go back


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `previous` is the object before it, which selectors need."""

    revision: int
    action: Action
    type: Type
    obj: Object
    previous: Object | None


class TooOldError(LookupError):
    """The events since that revision are no longer known."""


class Watcher:
    """A queue of one type's events, from the moment of its making until `close`."""

    def __init__(self, store: ResourceStore, kind: Type) -> None:
        self.type = kind
        self.ended = False
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._store = store

    def put(self, event: Event) -> None:
        self._queue.put_nowait(event)

    def end(self) -> None:
        """No more events: whoever waits for one is told None, and `ended` is true."""
        self.ended = True
        self._queue.put_nowait(None)

    async def next(self, seconds: float) -> Event | None:
        """The next event; None when that many seconds pass without one, or at the end."""
        try:
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        except TimeoutError:
            return None

    def close(self) -> None:
        self._store.forget(self)


class ResourceStore:
    """In memory. What is stored is never changed in place: every write replaces an object.

    Revisions are one counter for all types, as etcd's are. `history` changes are remembered for
    watches that begin in the past. Each of `keepers` is told of a change before anybody else knows
    it; if it raises, there was none.
    """

    def __init__(self, *, history: int = _HISTORY) -> None:
        self.revision = 1
        self.keepers: list[Callable[[Event], None]] = []
        self._begun = 0  # the revision before which no change is known
        self._objects: dict[Type, dict[Name, Object]] = {}
        # Absent until they are asked for, replaced when a key comes or goes: who walks through
        # one may go on.
        self._sorted: dict[Type, list[Name]] = {}
        self._history: deque[Event] = deque(maxlen=history)
        self._watchers: dict[Type, set[Watcher]] = {}

    def get(self, kind: Type, name: Name) -> Object | None:
        return self._objects.get(kind, {}).get(name)

    def list(self, kind: Type, namespace: str = "") -> Iterator[Object]:
        """Objects of a type in the order of their keys, of one namespace or of all."""
        objects = self._objects.get(kind, {})
        keys = self._sorted.get(kind)
        if keys is None:
            keys = self._sorted[kind] = sorted(objects)
        for key in keys:
            if not namespace or key[0] == namespace:
                yield objects[key]

    def fill(self, objects: Iterable[tuple[Type, Name, Object]], revision: int) -> None:
        """Begin with `objects` of an earlier server, whose last revision is given."""
        for kind, name, obj in objects:
            self._objects.setdefault(kind, {})[name] = obj
        self.revision = self._begun = revision

    def take(self, kind: Type, name: Name) -> Object | None:
        """Remove an object that another of its name is about to replace, as no change."""
        self._sorted.pop(kind, None)
        return self._objects.get(kind, {}).pop(name, None)

    def put(self, kind: Type, name: Name, obj: Object) -> Object:
        """Store `obj` with its new revision; returns what is stored."""
        metadata = {**obj["metadata"], "resourceVersion": str(self.revision + 1)}
        stored = {**obj, "metadata": metadata}
        objects = self._objects.setdefault(kind, {})
        previous = objects.get(name)
        event = self._kept("ADDED" if previous is None else "MODIFIED", kind, stored, previous)
        if previous is None and (keys := self._sorted.get(kind)) is not None:
            place = bisect.bisect(keys, name)
            self._sorted[kind] = [*keys[:place], name, *keys[place:]]
        objects[name] = stored
        self._record(event)
        return stored

    def remove(self, kind: Type, name: Name) -> Object:
        """Delete; returns the object with the revision of its deletion."""
        previous = self._objects[kind][name]
        metadata = {**previous["metadata"], "resourceVersion": str(self.revision + 1)}
        gone = {**previous, "metadata": metadata}
        event = self._kept("DELETED", kind, gone, previous)
        del self._objects[kind][name]
        if (keys := self._sorted.get(kind)) is not None:
            place = bisect.bisect_left(keys, name)
            self._sorted[kind] = [*keys[:place], *keys[place + 1 :]]
        self._record(event)
        return gone

    def remove_type(self, kind: Type) -> None:
        """Delete all objects of a type whose definition goes."""
        for name in list(self._objects.get(kind, {})):
            self.remove(kind, name)

    def watch(self, kind: Type, since: int | None) -> Watcher:
        """Follow a type from revision `since` (None: from now). Raises TooOldError."""
        watcher = Watcher(self, kind)
        if since is not None and since < self.revision:
            oldest = self._history[0].revision if self._history else self.revision + 1
            forgotten = self._begun or len(self._history) == self._history.maxlen
            if forgotten and since + 1 < oldest:
                raise TooOldError(f"too old resource version: {since} ({oldest})")
            missed = itertools.takewhile(
                lambda event: event.revision > since, reversed(self._history)
            )
            for event in reversed([event for event in missed if event.type == kind]):
                watcher.put(event)
        self._watchers.setdefault(kind, set()).add(watcher)
        return watcher

    def end_watches(self) -> None:
        """End all watches: the server stops."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.end()

    def forget(self, watcher: Watcher) -> None:
        self._watchers.get(watcher.type, set()).discard(watcher)

    def _kept(self, action: Action, kind: Type, obj: Object, previous: Object | None) -> Event:
        """The change that is about to be made, once nothing can lose it."""
        event = Event(self.revision + 1, action, kind, obj, previous)
        for keep in self.keepers:
            keep(event)
        return event

    def _record(self, event: Event) -> None:
        self.revision = event.revision
        self._history.append(event)
        for watcher in self._watchers.get(event.type, ()):
            watcher.put(event)
