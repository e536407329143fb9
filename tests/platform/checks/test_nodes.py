"""Nodes and clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import LEASES
from pytest_kubeflow.platform.snapshot.observations import Observations
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import a_condition, a_node, ago
from tests.platform.snapshots import an_object


def _told(*objects: Object) -> list[tuple[str, Severity]]:
    return [(one.code, one.severity) for one in findings(a_snapshot(*objects))]


def _lease(renewed: str, written: str = "") -> Object:
    fields = [{"manager": "kubelet", "time": written}] if written else []
    metadata = {"managedFields": fields}
    spec = {"renewTime": renewed}
    return an_object(LEASES, "node-a", "kube-node-lease", metadata=metadata, spec=spec)


def test_a_node_that_has_said_nothing_yet_is_no_fault() -> None:
    assert _told(a_node("node-b", a_condition("MemoryPressure", "False"))) == []


@pytest.mark.parametrize(
    ("version", "severity"),
    [
        ("v1.34.9", None),
        ("v1.33.1-eks-4096722", Severity.NOTICE),
        ("v1.31.0", Severity.NOTICE),
        ("v1.30.0", Severity.DEGRADED),
        ("v1.35.0", Severity.DEGRADED),
        ("nonsense", None),
    ],
)
def test_kubelets_within_the_policy_are_a_notice(version: str, severity: Severity | None) -> None:
    found = [] if severity is None else [("KF504", severity)]
    assert _told(a_node("node-b", version=version)) == found


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [
        (0.4, None),
        (-3, None),
        (15, Severity.DEGRADED),
        (-15, Severity.DEGRADED),
        (90, Severity.BROKEN),
        (-900, Severity.BROKEN),
    ],
)
def test_a_kubelets_clock_against_the_api_servers(
    seconds: float, severity: Severity | None
) -> None:
    lease = _lease(ago(5, -seconds), ago(5))
    assert _told(lease) == ([] if severity is None else [("KF503", severity)])


@pytest.mark.parametrize(
    ("age", "severity"),
    [(0, None), (40, None), (-20, None), (70, Severity.DEGRADED), (-900, Severity.BROKEN)],
)
def test_a_clock_where_nobody_tells_when_a_lease_was_written(
    age: float, severity: Severity | None
) -> None:
    """An old lease of a ready node: the kubelet has renewed it, with the time of its own clock."""
    assert _told(_lease(ago(0, age))) == ([] if severity is None else [("KF503", severity)])


def test_the_old_lease_of_a_node_that_is_away_is_no_clock() -> None:
    away = a_node("node-a", a_condition("Ready", "Unknown", "Kubelet stopped posting node status."))
    assert [code for code, _ in _told(away, _lease(ago(60)))] == ["KF501"]


def test_leases_of_others_are_not_nodes() -> None:
    other = an_object(LEASES, "node-z", "kube-node-lease", spec={"renewTime": ago(600)})
    leader = an_object(LEASES, "node-a", "kube-system", spec={"renewTime": ago(600)})
    assert _told(other, leader) == []


@pytest.mark.parametrize(("ahead", "codes"), [(5, []), (30, ["KF503"]), (-600, [])])
def test_a_token_from_the_future(ahead: float, codes: list[str]) -> None:
    issued = (datetime.now(UTC) + timedelta(seconds=ahead)).timestamp()
    claims = {"iat": issued, "iss": "https://dex.example.org/dex"}
    snapshot = replace(a_snapshot(), observed=Observations(claims=claims))
    assert [one.code for one in findings(snapshot)] == codes
