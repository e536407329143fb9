"""Idle notebooks are stopped where the controller is told to, by what their kernels say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.local.notebooks.settings import CONFIG
from tests.local.notebooks.conftest import SMALL, Notebooks
from tests.local.webapps.conftest import eventually

LAST = "notebooks.kubeflow.org/last-activity"
STOPPED = "kubeflow-resource-stopped"
OLD = "2020-01-02T03:04:05.678Z"


@pytest.fixture
def culling(notebooks: Notebooks) -> Iterator[None]:
    """A controller that has started with culling on, and a day until it does."""

    def restart(enabled: str, period: str) -> None:
        data = {"ENABLE_CULLING": enabled, "IDLENESS_CHECK_PERIOD": period}
        core = notebooks.core
        core.patch_namespaced_config_map(CONFIG, "kubeflow", {"data": data})
        selector = {"label_selector": "app=notebook-controller"}
        (pod,) = core.list_namespaced_pod("kubeflow", **selector).items
        core.delete_namespaced_pod(pod.metadata.name, "kubeflow", grace_period_seconds=0)

    restart("true", "0")
    yield
    restart("false", "1")


def marks(notebooks: Notebooks, name: str) -> dict[str, Any]:
    found: dict[str, Any] = notebooks.get(name)["metadata"].get("annotations") or {}
    return found


@pytest.mark.usefixtures("culling")
def test_idle_notebooks_stop_and_busy_ones_do_not(notebooks: Notebooks) -> None:
    def made(kernels: Any) -> str:
        env = [{"name": "KERNELS", "value": json.dumps(kernels)}]
        return notebooks.create({**SMALL, "env": env})

    idle = made([{"execution_state": "idle", "last_activity": OLD}])
    busy = made([{"execution_state": "busy", "last_activity": OLD}])
    empty = made([])
    eventually(lambda: STOPPED in marks(notebooks, idle), within=60)
    eventually(lambda: not notebooks.pods(idle))
    eventually(lambda: LAST not in marks(notebooks, idle))
    for name in (busy, empty):
        eventually(lambda name=name: LAST in marks(notebooks, name))  # type: ignore[misc]
        assert STOPPED not in marks(notebooks, name)
        assert marks(notebooks, name)[LAST] > "2026"
