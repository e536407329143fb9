"""What is told of a platform, and how tests of a list count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kubeflow.conformance.inventory import Image, inventory_of
from pytest_kubeflow.conformance.requirements import Requirements, below_suites
from pytest_kubeflow.conformance.results import outcomes, results_of
from pytest_kubeflow.platform.definition import Definition
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS, DEPLOYMENTS, PODS
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome
from tests.platform.snapshots import an_object, snapshot_of
from tests.reporting.formats import samples

DIGEST = f"sha256:{'a' * 64}"
KATIB = "ghcr.io/kubeflow/katib/katib-controller:v0.19.0"


def pod(namespace: str, image: str, image_id: str, *, name: str = "katib-controller-1") -> Object:
    return an_object(
        PODS,
        name,
        namespace,
        spec={"containers": [{"name": "main", "image": image}]},
        status={"containerStatuses": [{"name": "main", "image": "x", "imageID": image_id}]},
    )


def test_inventory() -> None:
    template = {"spec": {"containers": [{"name": "main", "image": KATIB}]}}
    version = {"name": "v1beta1", "served": True}
    old = {"name": "v1alpha3", "served": False}
    found = inventory_of(
        snapshot_of(
            an_object(DEPLOYMENTS, "katib-controller", "kubeflow", spec={"template": template}),
            pod("kubeflow", KATIB, f"docker-pullable://{KATIB.partition(':')[0]}@{DIGEST}"),
            pod("kubeflow", "loaded:by-hand", f"docker.io/library/import@{DIGEST}", name="b"),
            pod("kubeflow", "starting:1", "", name="c"),
            pod("somebody", "secret.example/project:1", f"x@{DIGEST}", name="d"),
            an_object(
                DEFINITIONS,
                "experiments.kubeflow.org",
                spec={"versions": [version, old]},
                status={"storedVersions": ["v1beta1"]},
            ),
        ),
        embedded=False,
    )
    assert found.kubernetes == "v1.34.1"
    assert found.parts == {"Katib": "v0.19.0"}
    assert found.images == (
        Image(KATIB, DIGEST),
        Image("loaded:by-hand", DIGEST),
        Image("starting:1", ""),
    )
    assert found.without_digest() == ["starting:1"]
    assert replace(found, embedded=True).without_digest() == []
    assert found.definitions == (
        Definition("experiments.kubeflow.org", ("v1beta1",), ("v1beta1",)),
    )


@pytest.mark.parametrize(
    ("release", "part", "version", "other"),
    [
        ("26.03", "Trainer", "v2.2.0", False),
        ("26.03", "Trainer", "v2.1.0", False),
        ("26.03", "Katib", "v0.18.0", True),
        ("1.9", "Katib", "v0.17.0", False),
        ("1.9", "Trainer", "v2.1.0", False),
        ("1.1", "Katib", "v0.17.0", False),
        ("1.10", "KServe", "a-mirror/kserve", False),
        ("1.10", "Istio", "1.99.0", False),
    ],
)
def test_parts_of_other_releases(release: str, part: str, version: str, *, other: bool) -> None:
    """A part that a release does not have, or whose version is none, says nothing."""
    found = replace(inventory_of(snapshot_of(), embedded=False), parts={part: version})
    assert bool(found.of_other_releases(release)) == other


@pytest.mark.parametrize(
    "nodeid",
    ["a/t.py::x[suites/y]", "suites/a/t.py::x[suites/y]", "../x/suites/a/t.py::x[suites/y]"],
)
def test_ids_are_the_same_wherever_the_suites_are(nodeid: str) -> None:
    assert below_suites(nodeid) == "a/t.py::x[suites/y]"


def test_what_counts_as_passed() -> None:
    names = ("a.py::passed", "a.py::again", "a.py::known", "a.py::expected", "a.py::nowhere")
    tests = [
        samples.passed("suites/a.py::passed"),
        replace(samples.passed("suites/a.py::again"), reruns=1),
        replace(samples.passed("suites/a.py::known"), outcome=Outcome.XFAILED, cause=KNOWN),
        replace(samples.passed("suites/a.py::expected"), outcome=Outcome.XFAILED),
        samples.passed("suites/a.py::not_of_the_list"),
    ]
    wanted = Requirements("26.03", names)
    assert {one.test: one.outcome for one in outcomes(wanted, tests)} == {
        "a.py::passed": "passed",
        "a.py::again": "passed when run again",
        "a.py::known": "failed as known",
        "a.py::expected": "failed as expected",
        "a.py::nowhere": "not run",
    }
    record = replace(samples.green(), tests=tuple(tests))
    assert not results_of(wanted, record).is_conformant
    assert results_of(Requirements("26.03", names[:1]), record).is_conformant
