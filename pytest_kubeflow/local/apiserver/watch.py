"""Watches: the stream of a collection's changes, as newline-separated JSON."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from pytest_kubeflow.local.apiserver.errors import Object, expired, invalid
from pytest_kubeflow.local.apiserver.pages import number, version
from pytest_kubeflow.local.apiserver.selectors.parsing import Predicate
from pytest_kubeflow.local.apiserver.selectors.selection import selection
from pytest_kubeflow.local.apiserver.store import Event, ResourceStore, TooOldError
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.fastjson import encode

_BOOKMARK_SECONDS = 60.0
_SHORTEST_SECONDS = 1800  # kube-apiserver's --min-request-timeout
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"

Represent = Callable[[Object], Object]


def open_watch(
    store: ResourceStore, target: Target, query: dict[str, str], represent: Represent
) -> AsyncGenerator[bytes, None]:
    """Lines of a watch until its timeout; `represent` makes tables of objects where asked for.

    From a resourceVersion: what came after it. Without one, or with `sendInitialEvents` (WatchList,
    KEP-3157): what is there, as ADDED events, then, for a WatchList, a bookmark that says so.
    Raises StatusError for parameters that make no sense.
    """
    lists = _sends_initial_events(query)
    watch = _Watch(
        store=store,
        target=target,
        chosen=selection(target, query),
        represent=represent,
        since=None if lists else version(query) or None,
        lists=lists,
        bookmarks=query.get("allowWatchBookmarks", "").lower() == "true",
        seconds=number(query, "timeoutSeconds") or _unasked_timeout(),
    )
    return watch.lines()


@dataclass(frozen=True, slots=True)
class _Watch:
    """One watch. `since` None: it begins with what is there; `lists`: and says where that ends."""

    store: ResourceStore
    target: Target
    chosen: Predicate
    represent: Represent
    since: int | None
    lists: bool
    bookmarks: bool
    seconds: float

    async def lines(self) -> AsyncGenerator[bytes, None]:
        ends = time.monotonic() + self.seconds
        try:
            watcher = self.store.watch(self.target.kind.type, self.since)
        except TooOldError as error:
            yield _line("ERROR", expired(str(error)).to_object())
            return
        try:
            for line in self._beginning():
                yield line
            while not watcher.ended and (left := ends - time.monotonic()) > 0:
                pause = min(left, _BOOKMARK_SECONDS)
                event = await watcher.next(pause)
                if event is not None:
                    action = self._action(event)
                    if action is not None:
                        yield _line(action, self._shown(event.obj))
                elif self.bookmarks and pause < left and not watcher.ended:
                    yield self._bookmark(self.store.revision)
        finally:
            watcher.close()

    def _beginning(self) -> Iterator[bytes]:
        if self.since is not None:
            return
        # All of it is of one moment, though the lines are sent one after the other.
        revision = self.store.revision
        for obj in list(self.store.list(self.target.kind.type, self.target.namespace)):
            if self.chosen(obj):
                yield _line("ADDED", self._shown(obj))
        if self.lists:
            yield self._bookmark(revision, {_INITIAL_EVENTS_END: "true"})

    def _action(self, event: Event) -> str | None:
        """What the event is for this watch: an object may come into and go out of its selection."""
        namespace = self.target.namespace
        if namespace and event.obj["metadata"].get("namespace") != namespace:
            return None
        now = event.action != "DELETED" and self.chosen(event.obj)
        before = event.previous is not None and self.chosen(event.previous)
        if now:
            return "MODIFIED" if before else "ADDED"
        return "DELETED" if before else None

    def _shown(self, obj: Object) -> Object:
        return self.represent(self.target.shown(obj))

    def _bookmark(self, revision: int, annotations: dict[str, str] | None = None) -> bytes:
        metadata: Object = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = annotations
        kind, api_version = self.target.kind.kind, self.target.api_version
        bookmark = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        return _line("BOOKMARK", bookmark)


def _line(kind: str, obj: Object) -> bytes:
    return encode({"type": kind, "object": obj}) + b"\n"


def _sends_initial_events(query: dict[str, str]) -> bool:
    """Rules and wording: validateWatchOptions of apimachinery's internalversion/validation."""
    asked, match = query.get("sendInitialEvents", ""), query.get("resourceVersionMatch", "")
    why = ""
    if asked and match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    elif match and not asked:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    if why:
        cause = ("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {why}")
        raise invalid("meta.k8s.io", "ListOptions", "", [cause])
    return asked.lower() == "true"


def _unasked_timeout() -> float:
    # Spread, as the real server does it, so that not all clients come back at once.
    return _SHORTEST_SECONDS * (1 + random.random())  # noqa: S311 no secret
