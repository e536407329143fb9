"""Releases, leftovers of upgrades, definitions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kubeflow.cluster.parts import PARTS, repository_of, tag_of
from pytest_kubeflow.cluster.versions import CONTROLLERS
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.releases import RELEASES, likeness, minor_of
from pytest_kubeflow.platform.snapshot import Object, Unseen
from pytest_kubeflow.platform.snapshot.kind import API_SERVICES
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import (
    a_condition,
    a_container,
    a_definition,
    a_deployment,
    a_pod,
    a_service,
    a_slice,
    ago,
)
from tests.platform.snapshots import an_object


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def test_releases_name_parts_that_there_are() -> None:
    names = {part.name for part in PARTS}
    assert {name for parts in RELEASES.values() for name in parts} <= names
    assert all(
        minor_of(one) for parts in RELEASES.values() for found in parts.values() for one in found
    )


def test_reports_tell_the_controllers_of_the_same_table() -> None:
    assert CONTROLLERS == {
        "KServe": ("kubeflow", "kserve-controller-manager"),
        "Istio": ("istio-system", "istiod"),
        "Katib": ("kubeflow", "katib-controller"),
        "Trainer": ("kubeflow-system", "kubeflow-trainer-controller-manager"),
        "Training Operator": ("kubeflow", "training-operator"),
        "Notebooks": ("kubeflow", "notebook-controller-deployment"),
        "Argo Workflows": ("kubeflow", "workflow-controller"),
    }


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_looks_like_itself(release: str) -> None:
    found = likeness((part, versions[0]) for part, versions in RELEASES[release].items())
    assert found is not None
    assert (found.release, found.others) == (release, {})


def test_few_parts_look_like_nothing() -> None:
    assert likeness([("Katib", "v0.19.0"), ("KServe", "v0.16.0")]) is None
    assert likeness([]) is None


def test_a_version_of_no_release_is_not_held_against_one() -> None:
    """Parts may be upgraded alone, and built at home."""
    known = [(part, versions[0]) for part, versions in RELEASES["26.03"].items()]
    own = [*known, ("Katib", "v0.99.0"), ("KServe", "my-build"), ("Trainer", "")]
    found = likeness(dict(own).items())
    assert found is not None
    assert (found.release, found.others) == ("26.03", {})


def test_half_and_half_looks_like_neither() -> None:
    new = [
        (part, RELEASES["26.03.1"][part][0]) for part in ("Dashboard", "Profiles", "PodDefaults")
    ]
    old = [(part, RELEASES["1.9"][part][0]) for part in ("Katib", "KServe", "Pipelines")]
    assert likeness([*new, *old]) is None


def test_a_patch_is_not_another_release() -> None:
    image = "ghcr.io/kubeflow/katib/katib-controller:v0.19.7"
    assert _codes(a_deployment("katib-controller", image=image)) == []


def test_the_deployments_to_apply_again_are_named() -> None:
    image = "docker.io/kubeflowkatib/katib-controller:v0.16.0"
    (found,) = findings(a_snapshot(a_deployment("katib-controller", image=image)))
    assert found.objects == ("Deployment kubeflow/katib-controller",)
    assert "delete deployment/katib-controller --ignore-not-found" in found.fix


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("gcr.io/istio-release/pilot:1.29.0", "gcr.io/istio-release/pilot", "1.29.0"),
        ("localhost:5000/x/y", "localhost:5000/x/y", "latest"),
        ("x/y:1@sha256:0a", "x/y", "1"),
        ("mysql", "mysql", "latest"),
    ],
)
def test_images_are_taken_apart(image: str, repository: str, tag: str) -> None:
    assert (repository_of(image), tag_of(image)) == (repository, tag)


def test_what_is_left_of_the_last_release_is_no_mixture() -> None:
    old = "ghcr.io/kubeflow/kubeflow/central-dashboard:v1.10.0"
    assert _codes(a_deployment("centraldashboard", image=old)) == ["KF712"]


def test_a_store_that_was_replaced_is_kept_until_its_data_is_copied() -> None:
    (found,) = findings(a_snapshot(a_deployment("minio"), a_deployment("seaweedfs")))
    assert (found.code, found.component) == ("KF712", "object store")
    assert found.fix.endswith("# when its data has been copied")
    assert _codes(a_deployment("minio")) == []


def test_mpijobs_have_one_owner() -> None:
    definition = a_definition("mpijobs.kubeflow.org", served=["v1"])
    training = a_deployment("training-operator")
    assert _codes(definition, training) == []
    assert _codes(definition, training, a_deployment("mpi-operator")) == ["KF716"]
    (found,) = findings(a_snapshot(definition, a_deployment("mpi-operator")))
    assert found.sentence == "of mpijobs.kubeflow.org v1 is served, but MPI Operator needs v2beta1"


def test_a_training_operator_that_leaves_mpijobs_alone_is_no_owner() -> None:
    definition = a_definition("mpijobs.kubeflow.org", served=["v2beta1"])
    args = ["--enable-scheme=pytorchjob", "--enable-scheme=tfjob"]
    template = {"spec": {"containers": [{"name": "x", "image": "x:1", "args": args}]}}
    training = a_deployment("training-operator", template=template)
    assert _codes(definition, training, a_deployment("mpi-operator")) == []


def test_a_new_definition_may_not_be_in_force_yet() -> None:
    refused = a_condition("Established", "False", "installing")
    new = {"creationTimestamp": ago(1)}
    assert _codes(a_definition("trials.kubeflow.org", refused, metadata=new)) == []
    assert _codes(a_definition("trials.kubeflow.org", refused)) == ["KF713"]


def test_a_definition_that_does_not_end() -> None:
    metadata = {"deletionTimestamp": ago(9)}
    said = a_condition("Terminating", "True", "CustomResource deletion is in progress")
    (found,) = findings(a_snapshot(a_definition("trials.kubeflow.org", said, metadata=metadata)))
    assert found.sentence == (
        "CustomResourceDefinition trials.kubeflow.org is not in force: it is being deleted and "
        "does not end: CustomResource deletion is in progress"
    )


def test_definitions_of_others_leave_the_platform_standing() -> None:
    refused = a_condition("NamesAccepted", "False", "taken")
    (found,) = findings(a_snapshot(a_definition("things.example.org", refused)))
    assert (found.code, found.severity) == ("KF713", Severity.DEGRADED)


def _converting(service: str) -> Object:
    client = {"service": {"namespace": "kubeflow", "name": service}}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": client}}
    return a_definition("notebooks.kubeflow.org", spec={"conversion": conversion})


def test_a_conversion_with_a_ready_pod_is_well() -> None:
    service = a_service("nb", app="nb")
    assert _codes(_converting("nb"), service, a_slice("nb")) == []
    (found,) = findings(a_snapshot(_converting("nb"), service, a_slice("nb", ready=False)))
    assert found.sentence == (
        "nobody converts notebooks.kubeflow.org: Service kubeflow/nb has no ready pod"
    )


def test_a_conversion_that_the_server_itself_tells_to_fail() -> None:
    """Its Service has a ready pod, and something is between: a certificate, a network."""
    message = (
        "cannot list notebooks.kubeflow.org: Kubernetes answers 500: conversion webhook for "
        'kubeflow.org/v1beta1, Kind=Notebook failed: Post "https://c.kubeflow.svc:443/convert": '
        "x509: certificate signed by unknown authority"
    )
    webhook = {"clientConfig": {"service": {"namespace": "kubeflow", "name": "c"}}}
    conversion = {"conversion": {"strategy": "Webhook", "webhook": webhook}}
    definition = a_definition("notebooks.kubeflow.org", spec=conversion)
    whole = a_snapshot(definition, a_service("c"), a_slice("c"))
    assert findings(whole) == []
    (found,) = findings(replace(whole, unseen=[Unseen("notebooks.kubeflow.org", message)]))
    assert found.sentence == (
        "nobody converts notebooks.kubeflow.org: Service kubeflow/c is asked in vain"
    )
    assert found.evidence == (message,)
    without = a_snapshot(definition)
    (found,) = findings(replace(without, unseen=[Unseen("notebooks.kubeflow.org", message)]))
    assert found.sentence.endswith("Service kubeflow/c is not there")


def test_the_crash_of_who_converts_is_the_cause() -> None:
    last = {"exitCode": 1, "finishedAt": ago(1)}
    crash = a_container(waiting="CrashLoopBackOff", restarts=7, last=last)
    pod = a_pod("nb", crash, metadata={"labels": {"app": "nb"}})
    (found,) = findings(a_snapshot(_converting("nb"), a_service("nb", app="nb"), pod))
    assert found.code == "KF101"
    assert found.evidence[-1].startswith("so nobody converts notebooks.kubeflow.org")


def test_an_api_service_is_given_two_minutes() -> None:
    def unavailable(minutes: float) -> Object:
        found = a_condition("Available", "False", "no endpoints", "MissingEndpoints", minutes)
        return an_object(API_SERVICES, "v1.x", status={"conditions": [found]})

    assert _codes(unavailable(1)) == []
    assert _codes(unavailable(5)) == ["KF715"]


def test_every_stored_version_may_be_served() -> None:
    assert _codes(a_definition("trials.kubeflow.org", served=["v1beta1", "v1"])) == []
