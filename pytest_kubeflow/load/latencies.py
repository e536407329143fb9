"""Latencies: what requests to the cluster's APIs took, by API and kind, and how many it refused."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_kubeflow.retries.attempts import Attempt

PIPELINES, KUBERNETES = "pipelines", "Kubernetes"
"""The clients whose requests are measured."""

CREATE = "create a run"
READ = "read"
_RUNS = "/runs"


class Latencies:
    """Takes up attempts, from any thread. Each is one request: what is asked again counts again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    def __call__(self, attempt: Attempt) -> None:
        """One request was sent."""
        with self._lock:
            self._attempts.append(attempt)

    def by_kind(self) -> Mapping[tuple[str, str], list[float]]:
        """Seconds of those that were answered, by client and kind (CREATE, READ).

        Other kinds (deletions, terminations) are no part of a load.
        """
        found: dict[tuple[str, str], list[float]] = {}
        for one in self._now():
            kind = _kind(one)
            if kind and not one.is_refused:
                found.setdefault((one.client, kind), []).append(one.seconds)
        return found

    def requests(self) -> int:
        """How many were sent."""
        return len(self._now())

    def refused(self) -> int:
        """How many of them were refused, or not answered."""
        return sum(one.is_refused for one in self._now())

    def worst(self, *, share: float, least: int) -> str:
        """Of an API that refuses more than that share of `least` requests or more, a sentence."""
        for client in (PIPELINES, KUBERNETES):
            sent = [one for one in self._now() if one.client == client]
            statuses = Counter(one.status for one in sent if one.is_refused)
            refused = statuses.total()
            if len(sent) >= least and refused > share * len(sent):
                message = ", ".join(
                    f"{status or 'no response'} {count}x"
                    for status, count in statuses.most_common(3)
                )
                return (
                    f"the {client} API refused {refused} of {len(sent)} requests ({message}), more "
                    f"than {share:.0%}"
                )
        return ""

    def _now(self) -> list[Attempt]:
        with self._lock:
            return list(self._attempts)


def _kind(attempt: Attempt) -> str:
    if attempt.method == "GET":
        return READ
    is_run = attempt.client == PIPELINES and urlsplit(attempt.url).path.endswith(_RUNS)
    return CREATE if attempt.method == "POST" and is_run else ""
