"""Clocks: those of the nodes, and of whoever makes our tokens, against the API server's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.platform.catalogue.nodes import CLOCK_SKEW
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, items, name_of, text, time
from pytest_kubeflow.platform.snapshot.kind import LEASES, NODES

_OF_NODES = "kube-node-lease"
_MUCH = timedelta(seconds=10)
_TOO_MUCH = timedelta(seconds=60)
_GRACE = timedelta(seconds=50)
"""How old the lease of a node can be that still counts as ready."""

_READING = timedelta(seconds=30)
"""How long after its beginning a snapshot may have read a lease."""


def check_clocks(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether all clocks agree."""
    for lease in snapshot.within(LEASES, _OF_NODES):
        name = text(lease, "metadata", "name")
        node = snapshot.named(NODES, name)
        if node is not None and text(condition(node, "Ready"), "status") == "True":
            ahead = _ahead(snapshot, lease)
            if abs(ahead) >= _MUCH:
                yield _finding(f"the clock of node {name}", ahead, f"Node {name}", lease)
    yield from _issuer(snapshot)


def _ahead(snapshot: Snapshot, lease: Object) -> timedelta:
    """How far a node's clock is ahead of the API server's; zero where that cannot be told."""
    renewed = time(lease, "spec", "renewTime")
    if renewed is None:
        return timedelta()
    written = _written(lease)
    if written is not None:
        return renewed - written
    late = snapshot.taken - renewed - _GRACE
    early = renewed - snapshot.taken - _READING
    return max(early, timedelta()) - max(late, timedelta())


def _written(lease: Object) -> datetime | None:
    """When, by the API server's clock, the kubelet renewed its lease last."""
    times = [
        found
        for one in items(lease, "metadata", "managedFields")
        if text(one, "manager") == "kubelet" and (found := time(one, "time")) is not None
    ]
    return max(times, default=None)


def _issuer(snapshot: Snapshot) -> Iterator[Finding]:
    """A token that was made after we have asked for it."""
    issued = snapshot.observed.claims.get("iat")
    if not isinstance(issued, int | float):
        return
    try:
        ahead = datetime.fromtimestamp(issued, UTC) - snapshot.taken
    except (OverflowError, OSError, ValueError):
        return
    if ahead >= _MUCH:
        issuer = str(snapshot.observed.claims.get("iss") or "the identity provider")
        yield _finding(f"the clock of {issuer}", ahead, "", {})


def _finding(whose: str, ahead: timedelta, about: str, lease: Object) -> Finding:
    seconds = round(abs(ahead).total_seconds())
    side = "ahead of" if ahead > timedelta() else "behind"
    renewed = text(lease, "spec", "renewTime")
    return Finding(
        fault=CLOCK_SKEW,
        component="nodes" if about else "dex",
        severity=Severity.BROKEN if abs(ahead) >= _TOO_MUCH else Severity.DEGRADED,
        sentence=f"{whose} is {seconds} s {side} the API server's",
        fix="timedatectl set-ntp true && timedatectl timesync-status  # there",
        evidence=(f"lease {name_of(lease)} says that it was renewed at {renewed}",)
        if lease
        else (),
        objects=(about,) if about else (),
    )
