"""Warnings: the events of type Warning, by what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.snapshot.kind import WARNINGS

_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp")


class Warnings:
    """Those of a snapshot. Events live for an hour: they tell why, not whether it is still so."""

    def __init__(self, snapshot: Snapshot) -> None:
        found: dict[tuple[str, str, str], list[Object]] = defaultdict(list)
        for event in sorted(snapshot.all(WARNINGS), key=_when, reverse=True):
            about = "involvedObject"
            key = (text(event, about, "kind"), text(event, about, "namespace"))
            found[*key, text(event, about, "name")].append(event)
        self._found = found

    def about(self, kind: str, namespace: str, name: str, *reasons: str) -> Sequence[str]:
        """The messages for these reasons (none given: for any), newest first, each once."""
        events = self._found.get((kind, namespace, name), ())
        found = (text(one, "message") for one in events if _fits(one, reasons))
        return tuple(dict.fromkeys(" ".join(one.split()) for one in found if one))


def _fits(event: Object, reasons: Sequence[str]) -> bool:
    return not reasons or text(event, "reason") in reasons


def _when(event: Object) -> str:
    return next((text(event, key) for key in _TIMES if text(event, key)), "")
