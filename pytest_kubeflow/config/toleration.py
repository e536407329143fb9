"""Toleration: which taint a pod may ignore, as people write it: `key=value:NoSchedule`."""

from __future__ import annotations

import re
from dataclasses import dataclass

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_KEY = re.compile(r"(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


@dataclass(frozen=True, slots=True)
class Toleration:
    """`value` empty: any value; `effect` empty: every effect."""

    key: str
    value: str = ""
    effect: str = ""

    @classmethod
    def parse(cls, text: str) -> Toleration:
        """Read `key`, `key:Effect`, `key=value` or `key=value:Effect`, as kubectl taint writes it.

        Raises ValueError that says which part is wrong.
        """
        taint, _, effect = text.partition(":")
        key, _, value = taint.partition("=")
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise ValueError(f"{text!r} is not key, key=value, or one of these with :Effect")
        if ":" in text and effect not in EFFECTS:
            raise ValueError(f"{effect!r} is no effect of taints")
        return cls(key, value, effect)

    def __str__(self) -> str:
        value = f"={self.value}" if self.value else ""
        return f"{self.key}{value}" + (f":{self.effect}" if self.effect else "")
