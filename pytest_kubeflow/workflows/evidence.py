"""What is told of a Workflow when something went wrong: nodes, logs, pods, events."""

from __future__ import annotations

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.events import told_about
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod, started_containers
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.workflows.node import WorkflowNode, table
from pytest_kubeflow.workflows.state import WorkflowState
from pytest_kubeflow.workflows.workload import WorkflowWorkload

_EVENTS = 20
_FORBIDDEN = "workflowtaskresults.argoproj.io"


def workflow_evidence(workload: WorkflowWorkload, state: WorkflowState | None) -> Evidence:
    """What cannot be read says so; nothing is raised."""
    title = f"Workflow {workload.namespace}/{workload.name}"
    sections: list[tuple[str, str]] = []
    if state is not None:
        title += f": {state.describe()}"
        sections.append(("tasks", state.unreadable or table(state.nodes) or "(no nodes)"))
        going = [one for one in state.pods if not one.is_over]
        for node in (state.bad or going)[:1]:
            sections += _of_node(workload, node)
    sections.append(("events", _events(workload)))
    return Evidence(title, tuple((heading, Redactor().redact(text)) for heading, text in sections))


def _of_node(workload: WorkflowWorkload, node: WorkflowNode) -> list[tuple[str, str]]:
    """The pod of a node and what its containers wrote, the program's own words first."""
    try:
        pod = workload.pod(node.name)
    except KubeflowError as error:
        return [(f"pod of {node.display_name}", f"({error.message})")]
    if pod is None:
        return []
    found = []
    for container in sorted(started_containers(pod), key=lambda one: one != "main"):
        text = last_lines(workload.kubernetes, workload.namespace, pod.metadata.name, container)
        found.append((f"log of {container} of {node.display_name}", text))
    return [*found, (f"pod of {node.display_name}", f"{pod.metadata.name}: {describe_pod(pod)}")]


def _events(workload: WorkflowWorkload) -> str:
    return told_about(
        workload.kubernetes,
        workload.namespace,
        workload.name,
        below=f"{workload.name}-",
        most=_EVENTS,
    )


def why_failed(state: WorkflowState) -> str:
    """Which of its nodes made it fail, in Argo's words; one line, empty if none did."""
    bad = state.bad
    if not bad:
        return ""
    first = bad[0]
    message = f"node {first.display_name} is {first.phase}: {first.message}"
    if _FORBIDDEN in first.message and "forbidden" in first.message:
        message += (
            f"; its service account {state.service_account} may not write down what pods came to: "
            "serviceAccountName: default-editor may, in a profile (KF802 task-results-forbidden)"
        )
    return message
