"""What is told of a training job when something went wrong: nodes, logs, events."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.events import told_about
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.training.node import PROXY, TrainingNode
from pytest_kubeflow.training.state import TrainingState
from pytest_kubeflow.training.workload import TrainingWorkload

_EVENTS = 30
_LOGS = 4
"""Nodes whose logs are shown: those that have failed first."""


def training_evidence(workload: TrainingWorkload, state: TrainingState | None) -> Evidence:
    """Everything that is known of it now. What cannot be read says so; nothing is raised.

    `state` is what was last seen of it; None if it is not there.
    """
    evidence = Evidence(f"{workload.kind.name} {workload.namespace}/{workload.name}")
    if state is None:
        return evidence.and_section("state", "it does not exist")
    found = [*map(str, state.conditions), *map(str, state.replicas.values())]
    evidence = evidence.and_section("conditions", "\n".join(found) or state.describe())
    try:
        nodes = workload.nodes()
    except KubeflowError as error:
        evidence = evidence.and_section("nodes", f"({error.message})")
        nodes = []
    else:
        table = "\n".join(one.describe() for one in nodes) or "(no pods)"
        evidence = evidence.and_section("nodes", table)
    for node in sorted(nodes, key=lambda one: not one.is_bad)[:_LOGS]:
        if log := log_of(workload, node):
            evidence = evidence.and_section(f"log of {node.name}", log)
        if node.restarts and (log := log_of(workload, node, previous=True)):
            evidence = evidence.and_section(f"log of {node.name} before it was restarted", log)
    events = told_about(
        *(workload.kubernetes, workload.namespace, workload.name),
        below=f"{workload.name}-",
        most=_EVENTS,
    )
    return evidence.and_section("events", Redactor().redact(events))


def log_of(
    workload: TrainingWorkload, node: TrainingNode, *, lines: int = 40, previous: bool = False
) -> str:
    """The end of what a node's program wrote; "" while it has not begun.

    `previous`: before it was started again in its pod.
    """
    if not node.has_begun:
        return ""
    where = (workload.namespace, node.pod_name, node.container)
    log = last_lines(workload.kubernetes, *where, lines=lines, previous=previous)
    return Redactor().redact(log)


def why_failed(workload: TrainingWorkload) -> str:
    """Which node ended badly, how, and its last words; one line, "" where no pod is left."""
    try:
        bad = _first(workload.nodes())
    except KubeflowError as error:
        return error.message
    if bad is None:
        return ""
    found = f"{bad.name} (pod {bad.pod_name}) ended with {bad.how_it_ended or bad.phase}"
    found += last_words(workload, bad)
    if bad.sidecars:
        found += (
            f"; its pod has the mesh's {PROXY}, through which ranks do not reach each other's "
            "ports (sidecars=False)"
        )
    return found


def last_words(workload: TrainingWorkload, node: TrainingNode) -> str:
    """The end of a sentence about a node: the last line that its program wrote."""
    lines = [line for line in log_of(workload, node, lines=20).splitlines() if line.strip()]
    return f"; it said: {lines[-1].strip()[-300:]}" if lines else ""


def _first(nodes: Sequence[TrainingNode]) -> TrainingNode | None:
    """Of those that ended badly the one that did so first: others wait for it, and fail later."""
    return min((one for one in nodes if one.is_bad), key=_ended, default=None)


def _ended(node: TrainingNode) -> tuple[bool, str]:
    found = node.terminated
    return (False, found.finished_at.isoformat()) if found and found.finished_at else (True, "")
