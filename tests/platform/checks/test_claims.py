"""Claims that wait for a volume, and provisioners that are not there."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import CSI_DRIVERS
from tests.platform.broken.whole import a_class, a_snapshot, findings
from tests.platform.objects import a_claim, a_deployment, a_pod, a_warning
from tests.platform.snapshots import an_object

_LATER = a_class("later", provisioner="example.org/path", volumeBindingMode="WaitForFirstConsumer")
_CHOSEN = {"volume.kubernetes.io/selected-node": "node-a"}


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def test_a_claim_that_waits_for_its_first_pod_is_well() -> None:
    assert _codes(_LATER, a_claim("x", "later")) == []


def test_once_a_node_is_chosen_it_should_get_its_volume() -> None:
    (found,) = findings(a_snapshot(_LATER, a_claim("x", "later", annotations=_CHOSEN)))
    assert found.sentence == (
        "claim kubeflow/x has no volume: the provisioner example.org/path has not made one, and "
        "says nothing"
    )


def test_what_its_provisioner_says_is_told() -> None:
    message = "failed to provision volume: disk quota exceeded"
    event = a_warning("PersistentVolumeClaim", "x", "ProvisioningFailed", message)
    (found,) = findings(a_snapshot(_LATER, a_claim("x", "later"), event))
    assert found.sentence == f"claim kubeflow/x has no volume: {message}"


def test_a_new_claim_is_given_two_minutes() -> None:
    assert _codes(a_claim("x", "gone", age=1)) == []


def test_a_bound_claim_is_well_and_a_lost_one_is_not() -> None:
    assert _codes(a_claim("x", "gone", phase="Bound")) == []
    assert _codes(a_claim("x", phase="Lost")) == ["KF403"]


def test_a_users_claim_leaves_the_platform_standing() -> None:
    (found,) = findings(a_snapshot(a_claim("x", "gone", namespace="team")))
    assert found.severity is Severity.DEGRADED
    assert _codes(a_claim("x", "gone", namespace="shop")) == []


def test_users_claims_that_wait_for_the_same_are_one_finding() -> None:
    """A night's 200 pending claims are one line, and what waits for something else another."""
    many = [a_claim(f"x-{number}", "gone", namespace="team") for number in range(200)]
    said = [
        a_warning(
            "PersistentVolumeClaim", name, "ProvisioningFailed", f"no room for {name}", "team"
        )
        for name in ("y-1", "y-2")
    ]
    found = [a_claim(name, "later", namespace="team") for name in ("y-1", "y-2")]
    telling, silent = findings(a_snapshot(_LATER, *many, *found, *said))
    assert silent.sentence == (
        "200 claims, team/x-0 the first of them, have no volume: there is no storage class gone "
        "(there: standard, later)"
    )
    assert len(silent.objects) == 200
    assert telling.sentence == (
        "2 claims, team/y-1 the first of them, have no volume: no room for y-1"
    )


def test_a_driver_that_is_not_registered_is_missing() -> None:
    claim = a_claim("x")
    (found,) = findings(a_snapshot(claim))
    assert found.sentence == (
        "nobody makes volumes of storage class standard: its provisioner ebs.csi.aws.com is "
        "missing (there is no CSIDriver of its name)"
    )
    assert _codes(claim, an_object(CSI_DRIVERS, "ebs.csi.aws.com")) == ["KF403"]


def test_a_provisioner_that_runs_under_a_longer_name_is_there() -> None:
    local = a_class("standard", default=True, provisioner="rancher.io/local-path")
    workload = a_deployment("local-path-provisioner", namespace="local-path-storage")
    assert _codes(local) == ["KF408"]
    assert _codes(local, workload) == []


def test_a_missing_provisioner_explains_claims_and_their_pods() -> None:
    local = a_class("standard", default=True, provisioner="rancher.io/local-path")
    pod = a_pod("x", phase="Pending", claims=["x"], status={})
    assert _codes(local, a_claim("x"), pod) == ["KF408"]
