"""Tests of other suites that fail by what is broken in the platform name its code, and the way out.

What each of the faults amounts to, and that it is found, is for tests/platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.platform.catalogue import FAULTS
from tests.suites.red.pipelines import EVERY_TASK
from tests.suites.red.serving import BROKEN
from tests.suites.red.volumes import SORTED
from tests.suites.test_red import Cluster

_ENDPOINTS = "access/test_endpoints.py::test_strangers_are_sent_away_and_we_get_in"

NAMED: dict[str, tuple[str, str]] = {
    # code: a check of another suite that it breaks, and the words by which the cause is told
    "KF201": (EVERY_TASK, "calls Service kubeflow/admission-webhook-service, which does not exist"),
    "KF202": (BROKEN, "which webhooks are asked at, has no pods"),
    "KF203": (BROKEN, "does not answer"),
    "KF205": (BROKEN, "does not come from the authority in the caBundle"),
    "KF206": (BROKEN, "has no certificate: it is empty"),
    "KF208": (BROKEN, "fails: the server could not find the requested resource"),
    "KF223": (BROKEN, "ended at "),
    "KF224": (BROKEN, "shows is for kserve-controller-manager.kubeflow.svc, not for "),
    "KF401": (SORTED, "no storage class is the default one"),
    "KF312": (f"{_ENDPOINTS}[workgroups]", "RBAC: access denied"),
    "KF313": (f"{_ENDPOINTS}[volumes]", "No user detected."),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with LocalKubeflow() as running:
        yield Cluster(running.endpoints)


@pytest.mark.parametrize("code", NAMED)
def test_a_failing_test_names_the_fault(cluster: Cluster, code: str, tmp_path: Path) -> None:
    check, words = NAMED[code]
    written = tmp_path / "session.json"
    outcomes, output = cluster.test(
        FAULTS[code].name, [check], tmp_path, f"--kf-json={written}", "--kf-start-timeout=10"
    )
    assert outcomes.get(check) in {"FAILED", "ERROR"}, output
    found: Any = json.loads(written.read_text())
    (cause,) = found["causes"]
    assert cause["code"] == code, output
    assert words in cause["sentence"], output
    assert cause["fix"], output
    assert f"likely cause: {code} " in output
