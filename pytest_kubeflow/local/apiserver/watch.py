"""Watches: the stream of a collection's changes, as newline-separated JSON."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Callable

from pytest_kubeflow.local.apiserver.errors import Object, bad_request, expired
from pytest_kubeflow.local.apiserver.handlers import Handlers, Target
from pytest_kubeflow.local.apiserver.selectors import Predicate
from pytest_kubeflow.local.apiserver.store import Event, TooOldError, Watcher

_BOOKMARK_SECONDS = 60.0
_SHORTEST_SECONDS = 1800  # kube-apiserver's --min-request-timeout
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"

Represent = Callable[[Object], Object]


async def watch(
    handlers: Handlers, target: Target, query: dict[str, str], represent: Represent
) -> AsyncIterator[bytes]:
    """Lines of a watch until its timeout; `represent` makes tables of objects where asked for.

    From a resourceVersion: what came after it. Without one, or with `sendInitialEvents` (WatchList,
    KEP-3157): what is there, as ADDED events, then, for a WatchList, a bookmark that says so.
    """
    seconds = _timeout(query)
    chosen = handlers.select(target, query)
    initial = query.get("sendInitialEvents", "").lower() == "true"
    since = _since(query)
    store = handlers.store
    try:
        watcher = store.watch(target.kind.type, None if initial or since is None else since)
    except TooOldError as error:
        yield _line("ERROR", expired(str(error)).to_object())
        return
    try:
        seen = store.revision
        if initial or since is None:
            for obj in list(store.list(target.kind.type, target.namespace)):
                if chosen(obj):
                    yield _line("ADDED", represent(handlers.shown(target, obj)))
        if initial:
            yield _bookmark(target, seen, {_INITIAL_EVENTS_END: "true"})
        bookmarks = query.get("allowWatchBookmarks", "").lower() == "true"
        lines = _follow(
            handlers, target, watcher, chosen, represent, seconds=seconds, bookmarks=bookmarks
        )
        async for line in lines:
            yield line
    finally:
        watcher.close()


async def _follow(
    handlers: Handlers,
    target: Target,
    watcher: Watcher,
    chosen: Predicate,
    represent: Represent,
    *,
    seconds: float,
    bookmarks: bool,
) -> AsyncIterator[bytes]:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        event = await watcher.next(min(left, _BOOKMARK_SECONDS))
        if event is None:
            if bookmarks:
                yield _bookmark(target, handlers.store.revision)
            continue
        action = _action(event, target, chosen)
        if action is not None:
            yield _line(action, represent(handlers.shown(target, event.obj)))


def _action(event: Event, target: Target, chosen: Predicate) -> str | None:
    """What the event is for this watch: an object may come into and go out of its selection."""
    if target.namespace and event.obj["metadata"].get("namespace") != target.namespace:
        return None
    now = event.action != "DELETED" and chosen(event.obj)
    before = event.previous is not None and chosen(event.previous)
    if now:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else None


def _line(kind: str, obj: Object) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"


def _bookmark(target: Target, revision: int, annotations: dict[str, str] | None = None) -> bytes:
    metadata: Object = {"resourceVersion": str(revision)}
    if annotations:
        metadata["annotations"] = annotations
    kind = target.kind
    bookmark = {
        "kind": kind.kind,
        "apiVersion": kind.api_version(target.version),
        "metadata": metadata,
    }
    return _line("BOOKMARK", bookmark)


def _since(query: dict[str, str]) -> int | None:
    text = query.get("resourceVersion", "")
    if text in {"", "0"}:
        return None
    if not text.isdigit():
        raise bad_request(f'Invalid value: "{text}": resourceVersion is not a number')
    return int(text)


def _timeout(query: dict[str, str]) -> float:
    text = query.get("timeoutSeconds") or "0"
    if not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text):
        return float(text)
    # Spread, as the real server does it, so that not all clients come back at once.
    return _SHORTEST_SECONDS * (1 + random.random())  # noqa: S311 no secret
