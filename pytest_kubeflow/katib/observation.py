"""Observation: what was measured of one metric of one trial; and how Katib reads it from a log."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNAVAILABLE = "unavailable"
"""What Katib stores where a trial has reported no number."""

_LINE = re.compile(
    r"([\w|-]++)(?:[ \t\f\r]*+=[ \t\f\r]*+([+-]?\d*(?:\.\d+)?(?:[Ee][+-]?\d+)?))?", re.ASCII
)
"""The default filter of the collectors of text (katib pkg/metricscollector/v1beta1/common).

Words without a value match too, with none: what is tried at their first letter is not tried again
at each that follows, which takes minutes for a line of a megabyte.
"""

_OWN = re.compile(r"^[WEF]\d{4} [\d:.]+ +\d+ \S+\.go:\d+\] .*$", re.MULTILINE)
"""What the collector has to say itself, in klog's form; what it repeats has the severity I.

It repeats a line once more where it warns that "Metrics will not have timestamp since" of it.
"""

_STRATEGIES = ("min", "max", "latest")


def number(text: str) -> float | None:
    """A value as a number; None for what is none, such as "unavailable"."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if not math.isnan(value) else None


@dataclass(frozen=True, slots=True)
class Observation:
    """The least, the greatest and the last value that was reported; None where there is none.

    `strategy` says which of them counts: "min", "max" or "latest".
    """

    metric: str
    min: float | None
    max: float | None
    latest: float | None
    strategy: str = "latest"

    @property
    def value(self) -> float | None:
        """The one that counts; Katib takes the last where the others are no numbers."""
        chosen = {"min": self.min, "max": self.max}.get(self.strategy)
        return self.latest if chosen is None else chosen

    @classmethod
    def of(cls, metric: Mapping[str, Any], strategies: Mapping[str, str]) -> Observation:
        """From an entry of `status.observation.metrics` of a Trial."""
        name = str(metric.get("name"))
        least, most, last = (number(str(metric.get(key, UNAVAILABLE))) for key in _STRATEGIES)
        return cls(name, least, most, last, strategies.get(name, "latest"))


def strategies_of(objective: Mapping[str, Any]) -> dict[str, str]:
    """Which value of each metric counts, as Katib has filled it in."""
    return {
        str(one.get("name")): str(one.get("value"))
        for one in objective.get("metricStrategies") or ()
    }


def observations_of(trial: Mapping[str, Any]) -> dict[str, Observation]:
    """Those of a Trial, by metric; none while it has reported nothing."""
    strategies = strategies_of((trial.get("spec") or {}).get("objective") or {})
    metrics = ((trial.get("status") or {}).get("observation") or {}).get("metrics") or ()
    found = (Observation.of(one, strategies) for one in metrics)
    return {one.metric: one for one in found}


def metrics_in_log(log: str, metrics: Iterable[str]) -> dict[str, list[float]]:
    """The numbers of these metrics in a log, `name=value`, in their order.

    Read anew from the text, so that a collector that reads it wrong is seen.
    """
    found: dict[str, list[float]] = {metric: [] for metric in metrics}
    for name, text in _LINE.findall(_OWN.sub("", log)):
        value = number(text)
        if name in found and value is not None:
            found[name].append(value)
    return found
