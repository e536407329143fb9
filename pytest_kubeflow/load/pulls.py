"""Pulls: how long images were pulled, as kubelets say it in their events.

Source: kubernetes/kubernetes pkg/kubelet/images/image_manager.go. Its durations are Go's, cut to
milliseconds; "including waiting" (since 1.26) has the time in which others were pulled before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = r"\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)"
_DURATION = re.compile(rf"(?:{_PART})+", re.ASCII)
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", re.ASCII)
_PULLED = re.compile(
    rf'Successfully pulled image ".*" in ({_DURATION.pattern})'
    rf"(?: \(({_DURATION.pattern}) including waiting\))?"
)
_THERE = re.compile(r'Container image ".*" already present on machine')


@dataclass(frozen=True, slots=True)
class Pulls:
    """`seconds` of each pull, with waiting; `present` counts containers whose image was there."""

    seconds: tuple[float, ...] = ()
    present: int = 0


def go_duration(text: str) -> float:
    """Seconds of a duration as Go writes it: "1m2.5s", "812ms", "0s". Raises ValueError."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration as Go writes it")
    return sum(float(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))


def pulls_of(events: Iterable[Mapping[str, Any]], pods: frozenset[str]) -> Pulls:
    """Those of pods with these uids, by Events of Kubernetes as plain objects.

    An event that was repeated tells the last time alone.
    """
    seconds, present = [], 0
    for event in events:
        about = event.get("involvedObject") or {}
        if event.get("reason") != "Pulled" or about.get("uid") not in pods:
            continue
        told = str(event.get("message") or "")
        if (found := _PULLED.match(told)) is not None:
            seconds.append(go_duration(found[2] or found[1]))
        elif _THERE.match(told):
            present += int(event.get("count") or 1)
    return Pulls(tuple(seconds), present)
