"""What was seen of a notebook that is not as it should be: statuses, pod, events, logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.webapps.evidence import with_workload

_REISSUED = "Reissued from"


def notebook_evidence(
    kubernetes: KubernetesClient,
    namespace: str,
    name: str,
    state: NotebookState | None,
    processed: Callable[[], Mapping[str, Any]],
) -> Evidence:
    """Everything that is known of it now. What cannot be read says so; nothing is raised.

    `processed` asks the web app for its status of the notebook.
    """
    evidence = Evidence(f"Notebook {namespace}/{name}")
    if state is None:
        evidence = evidence.and_section("state", "it does not exist")
    else:
        found = [state.describe(), f"the web app says: {_processed(processed)}"]
        if state.loses:
            found.append(state.loses)
        evidence = evidence.and_section("state", "\n".join(found))
    return with_workload(
        evidence,
        kubernetes,
        namespace,
        lambda: NotebookWorkload.read(kubernetes, namespace, name),
        # Its StatefulSet has its name, its pod -0 after it, its claims another suffix.
        names=(name,),
        # The controller repeats on the Notebook what was said of StatefulSet and pod.
        repeated=lambda event: (event.message or "").startswith(_REISSUED),
    )


def _processed(processed: Callable[[], Mapping[str, Any]]) -> str:
    try:
        status = processed().get("processed_status") or {}
    except KubeflowError as error:
        return f"({error.message})"
    return f"{status.get('phase', 'nothing')}: {status.get('message', '')}".rstrip(": ")
