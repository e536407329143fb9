"""A Workflow that nobody takes up: for how long that was seen, and not for how long it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiException

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.pipelines.obstacles import TAKEN_UP, Obstacles, Waiting

RUNS = {"a": Waiting("mine", "PENDING", 90.0), "b": Waiting("other", "RUNNING", 90.0)}


class Server:
    """Has one Workflow without a phase, and no pods; or it is away."""

    def __init__(self) -> None:
        self.away = False
        self.phase = ""
        self.there = True
        self.core = SimpleNamespace(list_namespaced_pod=self._pods)
        self.custom = SimpleNamespace(list_namespaced_custom_object=self._workflows)

    def _pods(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(items=[])

    def _workflows(self, *_: Any, label_selector: str, **__: Any) -> Any:
        assert label_selector == "pipeline/runid in (a)"
        if self.away:
            raise ApiException(503)
        if not self.there:
            return {"items": []}
        labels = {"pipeline/runid": "a"}
        status = {"phase": self.phase} if self.phase else {}
        return {"items": [{"metadata": {"name": "mine-x", "labels": labels}, "status": status}]}


def test_what_passes_while_the_server_is_away_does_not_count() -> None:
    now, server = [0.0], Server()
    kubernetes: Any = server
    obstacles = Obstacles(kubernetes, "team", 120.0, clock=lambda: now[0])
    assert obstacles.of(RUNS) == {}
    server.away, now[0] = True, TAKEN_UP - 1
    with pytest.raises(KubeflowError):
        obstacles.of(RUNS)
    server.away, now[0] = False, TAKEN_UP + 1
    assert obstacles.of(RUNS) == {}
    now[0] += TAKEN_UP - 0.1
    assert obstacles.of(RUNS) == {}
    now[0] += 0.2
    assert "Workflow team/mine-x has no status.phase after 30 s" in obstacles.of(RUNS)["a"]
    server.phase = "Running"
    assert obstacles.of(RUNS) == {}


def test_a_run_whose_workflow_was_deleted_never_ends() -> None:
    now, server = [0.0], Server()
    server.phase = "Running"
    kubernetes: Any = server
    obstacles = Obstacles(kubernetes, "team", 120.0, clock=lambda: now[0])
    runs = {"a": Waiting("mine", "RUNNING", 90.0), "b": Waiting("other", "RUNNING", 90.0)}
    obstacles.note_workflow("a", False)
    now[0] += TAKEN_UP
    assert obstacles.of(runs) == {}, "it is there again, which the watch has not told yet"
    server.there = False
    assert obstacles.of(runs)["a"].startswith("its Workflow was deleted from team")
    obstacles.note_workflow("a", True)
    assert obstacles.of(runs) == {}
