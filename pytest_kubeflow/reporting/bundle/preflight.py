"""What is read where the preflight has failed: its table, and how the platform's pods are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.reporting.bundle.cluster import (
    Object,
    attempt,
    event_lines,
    is_unwell,
    listed,
    name_of,
    write_pods,
)
from pytest_kubeflow.reporting.bundle.collecting import write_nodes
from pytest_kubeflow.reporting.bundle.folder import Folder, file_name

if TYPE_CHECKING:
    from pytest_kubeflow.cluster.checklist import Finding

NAMESPACES = (
    *("kubeflow", "kubeflow-system", "istio-system", "auth", "oauth2-proxy"),
    *("cert-manager", "knative-serving"),
)
"""Where the parts of a Kubeflow are, as kubeflow/community-distribution installs them."""

_MOST_UNWELL = 10


def collect_preflight(
    folder: Folder,
    findings: Sequence[Finding],
    kubernetes: KubernetesClient | None,
    namespace: str | None,
) -> None:
    """Read all of it into the folder. Nothing is raised; what cannot be read is said there."""
    lines = []
    for one in findings:
        lines.append(f"{one.state.value:<11} {one.check}: {one.message}")
        lines += [f"  fix: {line}" for line in one.fix.splitlines()]
    folder.write("preflight.txt", "what was checked", "\n".join(lines) + "\n")
    folder.write_json("preflight.json", "the same for programs", [asdict(one) for one in findings])
    if kubernetes is None or not kubernetes.is_configured:
        folder.gap("what Kubernetes knows", "there is no access to Kubernetes")
        return
    attempt(folder, "nodes", lambda: write_nodes(folder, kubernetes))
    unwell: list[Object] = []
    for place in dict.fromkeys((*((namespace,) if namespace else ()), *NAMESPACES)):
        attempt(
            folder,
            f"pods in {place}",
            lambda place=place: unwell.extend(_write_pods(folder, kubernetes, place)),  # type: ignore[misc]
        )
        attempt(
            folder,
            f"events in {place}",
            lambda place=place: _write_warnings(folder, kubernetes, place),  # type: ignore[misc]
        )
    write_pods(folder, kubernetes, unwell[:_MOST_UNWELL])
    for pod in unwell[_MOST_UNWELL:]:
        folder.gap(f"pod {name_of(pod)}", f"left out: {_MOST_UNWELL} that are not fine are there")


def _write_pods(folder: Folder, kubernetes: KubernetesClient, place: str) -> list[Object]:
    """A table of them; those that are not fine."""
    pods = listed(f"pods in {place}", kubernetes.core.list_namespaced_pod, place)
    if not pods:
        return []
    lines = []
    for pod in pods:
        status = pod.get("status") or {}
        statuses = status.get("containerStatuses") or ()
        ready = sum(bool(one.get("ready")) for one in statuses)
        restarts = sum(int(one.get("restartCount") or 0) for one in statuses)
        lines.append(
            f"{name_of(pod)}  {status.get('phase')}  {ready}/{len(statuses)} ready  "
            f"{restarts} restarts"
        )
    folder.write(f"{file_name(place)}/pods.txt", f"the pods of {place}", "\n".join(lines) + "\n")
    return [pod for pod in pods if is_unwell(pod)]


def _write_warnings(folder: Folder, kubernetes: KubernetesClient, place: str) -> None:
    events = listed(f"events in {place}", kubernetes.core.list_namespaced_event, place)
    warnings = [one for one in events if one.get("type") == "Warning"]
    if warnings:
        message = f"what Kubernetes warns of in {place}"
        folder.write(f"{file_name(place)}/warnings.txt", message, event_lines(warnings))
