"""The checks of Katib are red for what no fault of a cluster shows: things that are left behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow import ExperimentCreator, KatibUI, KubeflowConfig, NotFound
from pytest_kubeflow.katib.trial import Trial
from suites.katib import test_deletion as deletion_checks

TRIAL = Trial(
    {
        "metadata": {"name": "tuned-a"},
        "status": {"conditions": [{"type": "Running", "status": "True"}]},
    },
    {},
)


class Experiment:
    """One of which `left` is still there after it was deleted."""

    name, namespace = "tuned", "team"

    def __init__(self, *left: str, rows: bool = False) -> None:
        self._left, self._rows = left, rows
        self._deleted = False
        self.trials = [TRIAL]

    def evidence(self) -> None:
        return None

    def remains(self) -> list[str]:
        return list(self._left) if self._deleted else ["the Experiment itself"]

    def delete(self) -> None:
        self._deleted = True

    def reported(self, _: Trial) -> list[Any]:
        if self._rows:
            return [("accuracy", "", "0.5")]
        raise NotFound("not found")


def check(*left: str, rows: bool = False) -> None:
    """Delete an experiment that leaves this."""
    experiment = Experiment(*left, rows=rows)
    creator = cast(ExperimentCreator, lambda **_: experiment)

    def log(*_: str) -> str:
        raise NotFound("not found")

    deletion_checks.test_nothing_is_left(
        creator, cast(KatibUI, SimpleNamespace(log=log)), KubeflowConfig()
    )


def test_what_is_left_is_seen() -> None:
    check()
    with pytest.raises(
        AssertionError, match=r"left of Experiment tuned: Job tuned-a, pod tuned-a-x"
    ):
        check("Job tuned-a", "pod tuned-a-x")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check(rows=True)
