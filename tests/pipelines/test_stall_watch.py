"""A Workflow that nobody takes up: for how long that was seen, and not for how long it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiException

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.pipelines.following.stall_watch import TAKEN_UP, StallWatch, Waiting

RUNS = {"a": Waiting("mine", "PENDING", 90.0), "b": Waiting("other", "RUNNING", 90.0)}


class Server:
    """Has one Workflow without a phase, and no pods; or it is away."""

    def __init__(self, *pods: Any) -> None:
        self.away = False
        self.pods = list(pods)
        self.phase = ""
        self.there = True
        self.core = SimpleNamespace(list_namespaced_pod=self._pods)
        self.core.list_namespaced_event = lambda *_, **__: SimpleNamespace(items=[])
        self.custom = SimpleNamespace(list_namespaced_custom_object=self._workflows)

    def _pods(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(items=self.pods)

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
    stalls = StallWatch(kubernetes, "team", 120.0, clock=lambda: now[0])
    assert stalls.of(RUNS) == {}
    server.away, now[0] = True, TAKEN_UP - 1
    with pytest.raises(KubeflowError):
        stalls.of(RUNS)
    server.away, now[0] = False, TAKEN_UP + 1
    assert stalls.of(RUNS) == {}
    now[0] += TAKEN_UP - 0.1
    assert stalls.of(RUNS) == {}
    now[0] += 0.2
    assert "Workflow team/mine-x has no status.phase after 30 s" in stalls.of(RUNS)["a"]
    server.phase = "Running"
    assert stalls.of(RUNS) == {}


def pending(run_id: str, image: str) -> Any:
    """A pod of a run whose image is not pulled."""
    waiting = SimpleNamespace(reason="ImagePullBackOff", message="not found")
    state = SimpleNamespace(waiting=waiting)
    status = SimpleNamespace(image=image, state=state)
    return SimpleNamespace(
        metadata=SimpleNamespace(
            uid=f"{run_id}-{image}",
            name=f"pod-{run_id}",
            labels={"pipeline/runid": run_id},
            annotations={},
        ),
        spec=SimpleNamespace(containers=[], init_containers=[], volumes=[], node_name="n"),
        status=SimpleNamespace(
            container_statuses=[status], init_container_statuses=None, conditions=None
        ),
    )


def test_an_image_that_was_given_up_is_not_waited_for_again() -> None:
    now, first = [0.0], pending("a", "registry.example/absent:1")
    server = Server(first)
    kubernetes: Any = server
    stalls = StallWatch(kubernetes, "team", 120.0, clock=lambda: now[0])
    runs = {one: Waiting(one, "RUNNING", 90.0) for one in "abc"}
    assert stalls.of(runs) == {}
    now[0] = 121.0
    assert (
        "ImagePullBackOff registry.example/absent:1: not found (for 120 s" in stalls.of(runs)["a"]
    )

    server.pods = [pending("b", "registry.example/absent:1"), pending("c", "registry.example/b:1")]
    found = stalls.of(runs)
    assert found.keys() == {"b"}
    assert "that image was waited for before in this session, for 120 s" in found["b"]


def test_a_run_whose_workflow_was_deleted_never_ends() -> None:
    now, server = [0.0], Server()
    server.phase = "Running"
    kubernetes: Any = server
    stalls = StallWatch(kubernetes, "team", 120.0, clock=lambda: now[0])
    runs = {"a": Waiting("mine", "RUNNING", 90.0), "b": Waiting("other", "RUNNING", 90.0)}
    stalls.note_workflow("a", False)
    now[0] += TAKEN_UP
    assert stalls.of(runs) == {}, "it is there again, which the watch has not told yet"
    server.there = False
    assert stalls.of(runs)["a"].startswith("its Workflow was deleted from team")
    stalls.note_workflow("a", True)
    assert stalls.of(runs) == {}
