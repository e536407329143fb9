"""Plan: which requests meet which fault, by a seed, by rules, or as another session's log has it.

A request is known by its server, its method, its path without what differs from session to session
(ids, names with random ends), and how often that was asked before. A fault is drawn from these and
the seed alone, not from the order in which threads ask. So the same seed meets the same requests
again, as far as a session sends them again.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from tests.chaos.fault import Fault, Injected

ALL = tuple(fault for fault in Fault if fault is not Fault.HANG)
"""What may happen to any request; a hang would take as long as each client's retry time."""

_PASSWORD = ("POST", "/dex/auth/local/login")
_RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+|(?<=[-/])(?!v\d)(?=[a-z]*\d)[0-9a-z]{5,}(?=[-/.]|$)|\d{4,}"
)


def key_of(path: str) -> str:
    """The path, without its query, with * for what is random."""
    return _RANDOM.sub("*", urlsplit(path).path)


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault for the requests that match; `path` may have *, and no query.

    `nth` is 1 for the first of them, 0 for each; `times` that many, from `nth` on.
    """

    fault: Fault
    method: str = "*"
    path: str = "*"
    server: str = "*"
    nth: int = 1
    times: int = 1

    def matches(self, server: str, method: str, path: str) -> bool:
        """Whether it is about such a request."""
        return (
            fnmatchcase(server, self.server)
            and fnmatchcase(method, self.method)
            and fnmatchcase(urlsplit(path).path, self.path)
        )

    def strikes(self, count: int) -> bool:
        """Whether it is about the one with this number, from 1, among those that match."""
        return self.nth == 0 or self.nth <= count < self.nth + self.times


@dataclass
class Plan:
    """What happens to whom. `log` is what has happened. Safe for several threads.

    `rate` is the share of requests that meet a fault by chance, `kinds` are those faults by server
    ("" for each that is not named).
    """

    seed: int = 0
    rate: float = 0.0
    kinds: dict[str, Sequence[Fault]] = field(default_factory=lambda: {"": ALL})
    rules: Sequence[Rule] = ()
    log: list[Injected] = field(default_factory=list)
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _replayed: dict[tuple[str, str, str, int], Fault] = field(default_factory=dict)
    _struck: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def replaying(cls, log: Iterable[Injected]) -> Plan:
        """The same faults for the same requests."""
        events = list(log)
        return cls(
            seed=events[0].seed if events else 0,
            _replayed={(one.server, one.method, one.key, one.nth): one.fault for one in events},
        )

    def fault_for(self, server: str, method: str, path: str, *, at: float) -> Fault | None:
        """What this request meets, once; it is logged."""
        key = key_of(path)
        with self._lock:
            self.seen[server, method, key] += 1
            nth = self.seen[server, method, key]
            fault = self._ruled(server, method, path)
            if fault is None:
                fault = self._replayed.get((server, method, key, nth))
            if fault is None:
                fault = self._drawn(server, method, key, nth)
            if fault is Fault.UNAUTHORIZED and (
                (method, key) == _PASSWORD or self._drawn(server, method, key, nth - 1) is fault
            ):
                # What answers to a password, and the second in a row, are refusals, after which no
                # client may ask again.
                fault = None
            if fault is not None:
                self.log.append(Injected(self.seed, server, method, path, key, nth, fault, at))
            return fault

    def _ruled(self, server: str, method: str, path: str) -> Fault | None:
        for number, rule in enumerate(self.rules):
            if rule.matches(server, method, path):
                self._struck[number] += 1
                if rule.strikes(self._struck[number]):
                    return rule.fault
        return None

    def _drawn(self, server: str, method: str, key: str, nth: int) -> Fault | None:
        if not self.rate:
            return None
        text = f"{self.seed} {server} {method} {key} {nth}"
        digest = hashlib.sha256(text.encode()).digest()
        if int.from_bytes(digest[:8]) / 2**64 >= self.rate:
            return None
        kinds = self.kinds.get(server, self.kinds.get("", ()))
        return kinds[int.from_bytes(digest[8:16]) % len(kinds)] if kinds else None
