"""Profiles, their namespaces, and what is seen of them with little rights."""

from __future__ import annotations

from dataclasses import replace

from pytest_kubeflow.platform.checks.applications.profiles import check_profiles
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    CONFIG_MAPS,
    DECORATORS,
    NAMESPACES,
    PROFILES,
    STORE_KEYS,
)
from tests.platform.broken.whole import PARTS, a_profile, a_snapshot, findings
from tests.platform.objects import a_deployment, a_namespace, a_pod, ago
from tests.platform.snapshots import an_object, snapshot_of

_INJECTION = "katib.kubeflow.org/metrics-collector-injection"


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def test_profiles_that_lack_the_same_are_one_finding() -> None:
    profiles = [
        piece for n in range(7) for piece in a_profile(f"p{n}", "mlpipeline-minio-artifact")
    ]
    (found,) = findings(a_snapshot(*profiles))
    assert found.sentence == (
        "7 profiles (p0, p1, p2, p3, p4 and 2 more) are without Secret mlpipeline-minio-artifact"
    )


def test_a_registration_that_is_gone_is_the_reason() -> None:
    gone = a_snapshot(
        *a_profile("two", "kfp-launcher"), without=["kubeflow-pipelines-profile-controller"]
    )
    assert gone.all(DECORATORS) == ()
    (found,) = findings(gone)
    assert found.evidence == (
        "there is no DecoratorController kubeflow-pipelines-profile-controller",
    )


def test_older_pipelines_make_fewer_pieces() -> None:
    old = [a_deployment("ml-pipeline", image="gcr.io/ml-pipeline/api-server:2.3.0")]
    pieces = a_profile("two", "kfp-launcher", "artifact-repositories")
    assert _codes(*pieces, a_deployment("ml-pipeline", image=PARTS["ml-pipeline"])) == ["KF601"]
    assert _codes(*pieces, *old) == ["KF711"]  # of another release than the rest


def test_a_profile_without_pipelines_needs_none_of_their_pieces() -> None:
    label = {"pipelines.kubeflow.org/enabled": "false"}
    assert _codes(*a_profile("two", "mlpipeline-minio-artifact", **label)) == []


def test_a_new_profile_and_one_that_is_going_lack_nothing_yet() -> None:
    for times in ({"creationTimestamp": ago(1)}, {"deletionTimestamp": ago(1)}):
        profile = an_object(PROFILES, "two", metadata={"creationTimestamp": ago(60), **times})
        assert _codes(profile, a_namespace("two")) == []


def test_a_profile_without_a_namespace() -> None:
    profile = an_object(PROFILES, "two", metadata={"creationTimestamp": ago(60)})
    (found,) = findings(a_snapshot(profile))
    assert found.sentence == "profile two is without a namespace"


def test_a_condition_that_was_mended_since_is_no_fault() -> None:
    profile, _, *pieces = a_profile("two", failed="namespace already exist, but not owned by x")
    labels = a_profile("two")[1]["metadata"]["labels"]
    mended = a_namespace("two", labels=labels, annotations={"owner": "two@example.org"})
    assert _codes(profile, mended, *pieces) == []


def test_namespaces_that_are_no_profiles_need_no_label() -> None:
    assert _codes(a_namespace("shop")) == []


def test_without_katib_nobody_needs_the_label() -> None:
    snapshot = a_snapshot(*a_profile("two", **{_INJECTION: ""}))
    assert [one.code for one in findings(snapshot)] == ["KF604"]
    served = snapshot.served - {"experiments.kubeflow.org"}
    assert findings(replace(snapshot, served=served)) == []


def test_a_namespace_that_is_ending_is_given_five_minutes() -> None:
    assert _codes(a_namespace("old", deletionTimestamp=ago(4))) == []
    assert _codes(a_namespace("old", deletionTimestamp=ago(6))) == ["KF603"]


def _owners_view(*pieces: Object) -> list[str]:
    """What is told with the rights of the namespace's owner: no Namespace, no Profile is seen."""
    snapshot = snapshot_of(*pieces, without=[NAMESPACES])
    seen = {kind: found for kind, found in snapshot.objects.items() if kind is not PROFILES}
    limited = replace(
        snapshot, objects=seen, namespaces=("team",), served=snapshot.served | {"namespaces"}
    )
    return [one.sentence for one in check_profiles(limited)]


def test_an_owner_sees_what_his_profile_lacks_as_far_as_he_may() -> None:
    _, _, *pieces = a_profile("team", "default-editor")
    assert _owners_view(*pieces) == [
        "profile team is without ServiceAccount default-editor, RoleBinding default-editor"
    ]
    # whether pipelines are on is a label of the namespace, which he does not see
    _, _, *pieces = a_profile("team", "mlpipeline-minio-artifact")
    assert _owners_view(*pieces) == []


def test_a_namespace_without_any_piece_may_be_no_profile() -> None:
    assert _owners_view(a_pod("x", namespace="team")) == []


def test_kinds_that_may_not_be_listed_are_not_missing() -> None:
    snapshot = a_snapshot(*a_profile("two", "mlpipeline-minio-artifact", "kfp-launcher"))
    hidden = {STORE_KEYS, CONFIG_MAPS}
    objects = {kind: found for kind, found in snapshot.objects.items() if kind not in hidden}
    assert findings(replace(snapshot, objects=objects)) == []
