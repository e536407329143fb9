"""Which links of a page lead somewhere, after the session."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import SessionRecord


@dataclass(frozen=True, slots=True)
class Links:
    """Runs are removed at the end: only those that were left behind, or kept, can be opened."""

    alive: frozenset[str]

    @classmethod
    def of(cls, record: SessionRecord) -> Links:
        """Those of a session. A run is known by its id or its name."""
        return cls(frozenset(left.name for left in record.left))

    def run(self, run: RunRecord) -> str:
        """The address of a run's page; empty if it is gone, or is no page of the web."""
        is_alive = run.run_id in self.alive or run.name in self.alive
        return run.url if is_alive and is_web_page(run.url) else ""


def is_web_page(url: str) -> bool:
    """Whether a link may lead there: no javascript: or data: comes out of a cluster."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def lasts(url: str) -> bool:
    """Whether a server outlives the session. A port of this machine may be a forwarded one."""
    if not is_web_page(url):
        return False
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
