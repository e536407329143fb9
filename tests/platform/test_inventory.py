"""Two inventories of a platform: what an upgrade has changed, and what it has lost."""

from __future__ import annotations

import json
from typing import Any

from pytest_kubeflow.platform.inventory import PlatformInventory
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS, DEPLOYMENTS


def deployment(namespace: str, name: str, image: str) -> Any:
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"template": {"spec": {"containers": [{"name": "manager", "image": image}]}}},
    }


def definition(name: str, served: list[str], stored: list[str]) -> Any:
    return {
        "metadata": {"name": name},
        "spec": {"versions": [{"name": one, "served": True} for one in served]},
        "status": {"storedVersions": stored},
    }


def taken(*, version: str, kserve: str, definitions: list[Any]) -> PlatformInventory:
    snapshot = Snapshot(
        objects={
            DEPLOYMENTS: [
                deployment("kubeflow", "kserve-controller-manager", f"kserve/controller:{kserve}"),
                deployment("team", "mine", "mine:1"),
            ],
            DEFINITIONS: [*definitions, definition("mine.example.org", ["v1"], ["v1"])],
        },
        server_version=version,
    )
    return PlatformInventory.of(snapshot)


SERVICES = "inferenceservices.serving.kserve.io"
TRIALS = "trials.kubeflow.org"
BEFORE = taken(
    version="v1.33.5",
    kserve="v0.15.2",
    definitions=[
        definition(SERVICES, ["v1beta1"], ["v1beta1"]),
        definition(TRIALS, ["v1beta1"], ["v1beta1"]),
    ],
)
AFTER = taken(
    version="v1.34.1",
    kserve="v0.16.0",
    definitions=[definition(SERVICES, ["v1beta1", "v1"], ["v1beta1", "v1"])],
)


def test_it_is_kept_as_json_and_comes_back() -> None:
    kept = json.loads(json.dumps(BEFORE.plain()))
    assert PlatformInventory.from_plain(kept) == BEFORE


def test_what_is_another_than_before_is_told() -> None:
    assert AFTER.changes_since(AFTER) == []
    assert AFTER.changes_since(BEFORE) == [
        "Kubernetes: v1.33.5 -> v1.34.1",
        "KServe: v0.15.2 -> v0.16.0",
        "image of kubeflow/Deployment/kserve-controller-manager: manager: "
        "kserve/controller:v0.15.2 -> kserve/controller:v0.16.0",
        f"stored versions of {SERVICES}: v1beta1 -> v1beta1, v1",
        f"stored versions of {TRIALS}: v1beta1 -> none",
        f"served versions of {SERVICES}: v1beta1 -> v1, v1beta1",
        f"served versions of {TRIALS}: v1beta1 -> none",
    ]


def test_a_custom_resource_that_is_gone_has_taken_its_objects_along() -> None:
    (found,) = AFTER.lost_since(BEFORE)
    assert found.startswith(f"{TRIALS} was there before, and is not now")
    assert BEFORE.lost_since(AFTER) == []


def test_what_is_stored_in_two_versions_is_to_be_migrated() -> None:
    (found,) = AFTER.unmigrated()
    assert found.startswith(f"{SERVICES}: objects may be stored as v1beta1, v1")
    assert BEFORE.unmigrated() == []
