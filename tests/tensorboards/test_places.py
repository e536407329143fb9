"""Where a TensorBoard looks, and what is told of places where it never will."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import ConfigurationError, Evidence
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.tensorboards.creator import check_logspath
from pytest_kubeflow.tensorboards.errors import TensorboardFailed
from pytest_kubeflow.tensorboards.readiness import Look, TensorboardReadiness, claim_of
from pytest_kubeflow.waiting import Deadline
from pytest_kubeflow.webapps.deployment import DeploymentWorkload


@pytest.mark.parametrize(
    ("logspath", "message"),
    [
        ("", "is no place for a TensorBoard to look; valid: pvc://CLAIM/DIRECTORY"),
        (" ", "is no place for a TensorBoard to look"),
        ("pvc://", "is no place for a TensorBoard to look"),
        ("pvc:///logs", "is no place for a TensorBoard to look"),
        ("pvc://claim/../..", "leads out of its claim"),
    ],
)
def test_a_place_that_cannot_be_is_one_line(logspath: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_logspath(logspath)
    assert message in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("logspath", "claim"),
    [
        ("pvc://claim", "claim"),
        ("pvc://claim/a/..b", "claim"),
        ("s3://bucket/logs", None),
        ("gs://bucket/logs", None),
        ("/logs", "tb-volume"),
    ],
)
def test_the_claim_of_a_place(logspath: str, claim: str | None) -> None:
    assert claim_of(check_logspath(logspath)) == claim


@dataclass(frozen=True)
class Workload(DeploymentWorkload):
    """One of which nothing is made, in a namespace without claims."""

    def not_created(self) -> str:
        return ""

    def is_made(self) -> bool:
        return False

    def has_claim(self, name: str) -> bool:
        return name == "there"


@pytest.mark.parametrize(
    ("logspath", "message"),
    [
        ("pvc://nobody/logs", "its claim nobody (pvc://nobody/logs) is not there, without which"),
        ("pvc://there/logs", "it has no Deployment after 15 s: the tensorboard controller"),
        ("s3://bucket/logs", "it has no Deployment after 15 s: the tensorboard controller"),
    ],
)
def test_a_claim_that_is_not_there_is_told(logspath: str, message: str) -> None:
    found: dict[str, Any] = {"metadata": {"name": "board"}, "spec": {"logspath": logspath}}
    workload = Workload(cast(KubernetesClient, None), "team", "board")
    look = Look(found, "/tensorboard/team/board", workload)
    ticks = iter([0.0, *[15.0] * 1000])
    readiness = TensorboardReadiness(
        "team/board",
        lambda: look,
        lambda: Evidence("board"),
        start_timeout=15,
        who="us",
        clock=lambda: next(ticks),
    )
    with pytest.raises(TensorboardFailed) as failed:
        readiness.wait(Deadline.after(5))
    assert message in failed.value.message
