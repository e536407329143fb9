"""Jobs of the older operator, for tests that look at them without a cluster."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.training.operator.framework import Framework, Look
from pytest_kubeflow.local.training.operator.labels import INDEX, TYPE
from pytest_kubeflow.local.training.operator.status import counts


def replica(number: int | None = None, *, name: str, **fields: Any) -> dict[str, Any]:
    """One with a container of this name."""
    template = {"spec": {"containers": [{"name": name, "image": "python:3.11"}]}}
    wanted = {} if number is None else {"replicas": number}
    return {**wanted, "template": template, **fields}


def job(framework: Framework, spec: dict[str, Any], name: str = "a") -> dict[str, Any]:
    """A job with its defaults."""
    made = {
        "apiVersion": framework.resource.api_version,
        "kind": framework.resource.kind,
        "metadata": {"name": name, "namespace": "team", "uid": "1"},
        "spec": spec,
    }
    return framework.with_defaults(made)


def pod(kind: str, index: int, phase: str, code: int | None = None, name: str = "") -> Any:
    """A pod of a replica, whose container of this name may have ended."""
    state = {} if code is None else {"terminated": {"exitCode": code}}
    return {
        "metadata": {
            "name": f"a-{kind.lower()}-{index}",
            "labels": {TYPE: kind.lower(), INDEX: str(index)},
        },
        "status": {"phase": phase, "containerStatuses": [{"name": name, "state": state}]},
    }


def judged(
    framework: Framework, made: dict[str, Any], *pods: Any, conditions: Any = (), faults: Any = ()
) -> tuple[dict[str, str], list[str]]:
    """Conditions that hold after a look at these pods, with their messages; reasons of events."""
    kinds = made["spec"][f"{made['kind'].removesuffix('Job').lower()}ReplicaSpecs"]
    status: dict[str, Any] = {
        "conditions": list(conditions),
        "replicaStatuses": {
            kind: counts([one for one in pods if one["metadata"]["labels"][TYPE] == kind.lower()])
            for kind in kinds
        },
    }
    # Nothing is made where numbers are judged alone.
    look = Look(made, status, pods, owned=None, faults=Faults(faults))  # type: ignore[arg-type]
    reasons = [reason for _, reason, _ in framework.judge(look)]
    holding = {
        one["type"]: one["message"] for one in status["conditions"] if one["status"] == "True"
    }
    return holding, reasons
