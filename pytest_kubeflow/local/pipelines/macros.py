"""Macros in the arguments of runs: `[[RunUUID]]`, `[[CurrentTime.2006-01-02]]` and the like.

Source: kubeflow/pipelines backend/src/common/util/parameter_formatter.go. Layouts of times are
those of Go's `time` package; `{{$.currentTime.strftime('%Y')}}` takes those of C. What is no macro,
or not known of this run, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = Any

_MACRO = re.compile(r"\[\[.*?\]\]|\{\{\$\..*?\}\}")
_TIME = re.compile(r"\[\[(Current|Scheduled)Time(?:\.(.*))?\]\]")
_STRFTIME = re.compile(r"\{\{\$\.(current|scheduled)Time\.strftime\('(.*)'\)\}\}")
_DEFAULT = "20060102150405"

_CHUNK = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|__2|_2(?!006)|0[1-6]|15|[1-5]|PM|pm"
    r"|[-Z]07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?![0-9])"
)
"""What a layout of Go is made of; the rest is text (https://pkg.go.dev/time#pkg-constants)."""
_DIRECTIVES = {
    "January": "%B", "Jan": "%b", "Monday": "%A", "Mon": "%a", "MST": "%Z", "2006": "%Y",
    "06": "%y", "01": "%m", "1": "%-m", "02": "%d", "2": "%-d", "_2": "%e", "002": "%j",
    "__2": "%_j", "15": "%H", "03": "%I", "3": "%-I", "04": "%M", "4": "%-M", "05": "%S",
    "5": "%-S", "PM": "%p",
}  # fmt: skip
_SPELT_OUT = {"v": "%e-%b-%Y", "c": "%a %b %e %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"}
_KNOWN = frozenset("%AaBbCcDdeFHhIjklMmnpRrSsTtUuVvWwXxYyZz")
"""Directives of github.com/lestrrat-go/strftime, and `%s`."""


@dataclass(frozen=True, slots=True)
class Macros:
    """What macros of a run stand for; `scheduled` if it was asked to be scheduled at a time."""

    run_id: str
    current: datetime
    scheduled: datetime | None = None

    def expand(self, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """The arguments with the macros in those that are strings replaced."""
        return {
            name: _MACRO.sub(self._value, one) if isinstance(one, str) else one
            for name, one in arguments.items()
        }

    def _value(self, match: re.Match[str]) -> str:
        text = match[0]
        if text == "[[RunUUID]]":
            return self.run_id
        for pattern, format_time in ((_TIME, _by_layout), (_STRFTIME, _by_strftime)):
            if found := pattern.fullmatch(text):
                moment = self.current if found[1].lower() == "current" else self.scheduled
                layout = _DEFAULT if found[2] is None else found[2]
                formatted = format_time(moment.astimezone(UTC), layout) if moment else None
                return text if formatted is None else formatted
        return text


def _by_layout(moment: datetime, layout: str) -> str | None:
    def chunk(match: re.Match[str]) -> str:
        text = match[0]
        if text == "pm":
            return moment.strftime("%p").lower()
        if text.startswith("Z"):
            return "Z"
        if text.startswith("-"):
            return "+" + re.sub("[0-9]", "0", text[1:])
        if text[0] in ".,":
            return "" if text[1] == "9" else text  # times have whole seconds
        return moment.strftime(_DIRECTIVES[text])

    return _CHUNK.sub(chunk, layout)


def _by_strftime(moment: datetime, layout: str) -> str | None:
    """None if there is a directive that is none."""
    used = re.findall("%(.?)", layout)
    if not _KNOWN.issuperset(used):
        return None

    def directive(match: re.Match[str]) -> str:
        if match[1] == "s":
            return str(int(moment.timestamp()))
        return moment.strftime(_SPELT_OUT.get(match[1], match[0]))

    return re.sub("%(.)", directive, layout)
