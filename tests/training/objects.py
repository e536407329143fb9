"""Training jobs and their pods as the API gives them, for tests without a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from pytest_kubeflow.training.kinds import PYTORCH_JOB, TRAIN_JOB, JobKind

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def condition(kind: str, reason: str = "", message: str = "", *, holds: bool = True) -> Any:
    return {
        "type": kind,
        "status": "True" if holds else "False",
        "reason": reason,
        "message": message,
    }


def train_job(*conditions: Any, spec: Any = None, status: bool = True, **counts: int) -> Any:
    """A TrainJob; `counts` are those of its one replicated job."""
    found: dict[str, Any] = {
        "apiVersion": TRAIN_JOB.kind.api_version,
        "kind": "TrainJob",
        "metadata": {"name": "mine", "namespace": "team"},
        "spec": spec or {"runtimeRef": {"name": "torch-distributed"}},
    }
    if status:
        jobs = [{"name": "node", **counts}] if counts else []
        found["status"] = {"conditions": list(conditions), "jobsStatus": jobs}
    return found


def pytorch_job(*conditions: Any, spec: Any = None, **replicas: Any) -> Any:
    """A PyTorchJob."""
    return {
        "apiVersion": PYTORCH_JOB.kind.api_version,
        "kind": "PyTorchJob",
        "metadata": {"name": "mine", "namespace": "team"},
        "spec": spec or {"runPolicy": {}},
        "status": {"conditions": list(conditions), "replicaStatuses": replicas},
    }


def running() -> Any:
    return SimpleNamespace(running=SimpleNamespace(), terminated=None, waiting=None)


def ended(code: int, *, after: float = 0.0, reason: str | None = None) -> Any:
    finished = BEGAN + timedelta(seconds=after)
    terminated = SimpleNamespace(exit_code=code, finished_at=finished, reason=reason, message=None)
    return SimpleNamespace(running=None, terminated=terminated, waiting=None)


def waiting(reason: str, message: str | None = None) -> Any:
    return SimpleNamespace(
        running=None, terminated=None, waiting=SimpleNamespace(reason=reason, message=message)
    )


def status(name: str, state: Any, *, last: Any = None, restarts: int = 0) -> Any:
    """Of a container."""
    return SimpleNamespace(name=name, state=state, last_state=last, restart_count=restarts)


def pod(
    index: int = 0,
    *statuses: Any,
    kind: JobKind = TRAIN_JOB,
    role: str = "node",
    phase: str = "Running",
    sidecars: tuple[str, ...] = (),
    native: tuple[str, ...] = (),
    made: float = 0.0,
    name: str = "",
    conditions: Any = (),
) -> Any:
    """A V1Pod of a node, with a container for the program and these besides."""
    main = kind.containers[0]
    containers = [SimpleNamespace(name=one, image="i:1") for one in (main, *sidecars)]
    labels = {kind.role_label: role, kind.index_label: str(index), kind.job_label: "mine"}
    return SimpleNamespace(
        metadata=SimpleNamespace(
            name=name or f"mine-{role}-0-{index}-x",
            uid=f"uid {name or index}",
            labels=labels,
            annotations={},
            creation_timestamp=BEGAN + timedelta(seconds=made),
            deletion_timestamp=None,
        ),
        spec=SimpleNamespace(
            containers=containers,
            init_containers=[SimpleNamespace(name=one, image="i:1") for one in native],
            hostname=f"mine-{role}-0-{index}",
            node_name="a-node",
            volumes=[],
        ),
        status=SimpleNamespace(
            phase=phase,
            reason=None,
            message=None,
            conditions=list(conditions),
            container_statuses=list(statuses),
            init_container_statuses=[],
        ),
    )


def event(kind: str, name: str, reason: str, message: str, *, at: float = 0.0) -> Any:
    """A CoreV1Event."""
    return SimpleNamespace(
        reason=reason,
        message=message,
        type="Warning",
        count=1,
        involved_object=SimpleNamespace(kind=kind, name=name),
        last_timestamp=BEGAN + timedelta(seconds=at),
        event_time=None,
        metadata=SimpleNamespace(creation_timestamp=BEGAN),
    )
