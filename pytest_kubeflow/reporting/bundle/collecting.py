"""What is read of the cluster for one test that has failed, most telling first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.k8s.sessions.ownership import RUN_ID as SESSION
from pytest_kubeflow.k8s.sessions.ownership import is_ours
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WORKFLOWS
from pytest_kubeflow.reporting.bundle.cleaning import cleaned
from pytest_kubeflow.reporting.bundle.cluster import (
    LISTED,
    Object,
    attempt,
    event_lines,
    labels_of,
    listed,
    name_of,
    write_pods,
)
from pytest_kubeflow.reporting.bundle.folder import Folder, file_name
from pytest_kubeflow.serving.spec import GROUP, PLURAL, VERSION
from pytest_kubeflow.serving.workload import SERVICE_LABEL

if TYPE_CHECKING:
    from pytest_kubeflow.pipelines.runs.run import PipelineRun


@dataclass(frozen=True)
class SessionScope:
    """Where tests of this session work: a namespace of the cluster, and the session's label."""

    kubernetes: KubernetesClient
    namespace: str
    session: str


def collect(folder: Folder, place: SessionScope | None, runs: Sequence[PipelineRun]) -> None:
    """Read all of it into the folder. Nothing is raised; what cannot be read is said there."""
    for run in runs:
        _write_run(folder, run)
    if place is None:
        return
    if not place.kubernetes.is_configured:
        folder.gap("what Kubernetes knows", "there is no access to Kubernetes")
        return
    for run in runs:
        _write_workflow(folder, place, run)
    services: list[Object] = []
    attempt(folder, "InferenceServices", lambda: services.extend(_services(folder, place)))

    def pods() -> None:
        names = {name_of(one) for one in services}
        ids = {run.run_id for run in runs}
        found = listed(
            f"pods in {place.namespace}",
            place.kubernetes.core.list_namespaced_pod,
            place.namespace,
        )
        if len(found) >= LISTED:
            folder.gap("pods", f"{place.namespace} has more than {LISTED} of them")
        ours = [one for one in found if _is_of_test(one, place.session, ids, names)]
        write_pods(folder, place.kubernetes, ours)

    attempt(folder, "events", lambda: _write_events(folder, place))
    attempt(folder, "pods", pods)
    core = place.kubernetes.core
    for name, what, call in (
        ("claims", "PersistentVolumeClaims", core.list_namespaced_persistent_volume_claim),
        ("quotas", "ResourceQuotas", core.list_namespaced_resource_quota),
        ("limit-ranges", "LimitRanges", core.list_namespaced_limit_range),
    ):

        def write(name: str = name, what: str = what, call: object = call) -> None:
            found = listed(f"{what} in {place.namespace}", call, place.namespace)  # type: ignore[arg-type]
            folder.write_json(f"namespace/{name}.json", f"{what} of {place.namespace}", found)

        attempt(folder, what, write)
    attempt(folder, "nodes", lambda: write_nodes(folder, place.kubernetes))


def write_nodes(folder: Folder, kubernetes: KubernetesClient) -> None:
    """Names, labels, taints, room and conditions of the nodes."""
    nodes = listed("nodes", kubernetes.core.list_node)
    kept = [
        {
            "name": name_of(one),
            "labels": labels_of(one),
            "taints": (one.get("spec") or {}).get("taints") or [],
            "unschedulable": bool((one.get("spec") or {}).get("unschedulable")),
            **{
                key: (one.get("status") or {}).get(key)
                for key in ("conditions", "capacity", "allocatable", "nodeInfo")
            },
        }
        for one in nodes
    ]
    folder.write_json("nodes.json", "conditions and room of the nodes", kept)


def _write_run(folder: Folder, run: PipelineRun) -> None:
    at = f"runs/{file_name(run.name)}"

    def document() -> None:
        folder.write_json(
            f"{at}/run.json", f"run {run.name} as the API gives it", cleaned(run.document())
        )

    def package() -> None:
        if (package := run.package) is not None:
            message = f"what run {run.name} runs: its compiled pipeline"
            shown = Package(cleaned(package.pipeline_spec), cleaned(package.platform_spec))
            folder.write(f"{at}/pipeline.yaml", message, shown.text())

    attempt(folder, f"run {run.name}", document)
    attempt(folder, f"pipeline of run {run.name}", package)


def _write_workflow(folder: Folder, place: SessionScope, run: PipelineRun) -> None:
    group, version, plural = WORKFLOWS

    def write() -> None:
        with calling(f"read the Workflow of run {run.name}"):
            found = place.kubernetes.custom.list_namespaced_custom_object(
                group, version, run.namespace, plural, label_selector=f"{RUN_ID}={run.run_id}"
            )
        if not found["items"]:
            raise NotFound("there is none (any more)")
        folder.write_json(
            f"runs/{file_name(run.name)}/workflow.json",
            f"the Workflow of run {run.name}",
            cleaned(found["items"][-1]),
        )

    attempt(folder, f"Workflow of run {run.name}", write)


def _services(folder: Folder, place: SessionScope) -> list[Object]:
    """The session's InferenceServices, written; none where there is no KServe."""
    try:
        with calling(f"list InferenceServices in {place.namespace}"):
            found = place.kubernetes.custom.list_namespaced_custom_object(
                GROUP, VERSION, place.namespace, PLURAL
            )
    except NotFound:
        return []
    ours = [one for one in cleaned(found["items"]) if labels_of(one).get(SESSION) == place.session]
    for one in ours:
        name = name_of(one)
        folder.write_json(
            f"services/{file_name(name)}.json", f"InferenceService {name} with its status", one
        )
    return ours


def _write_events(folder: Folder, place: SessionScope) -> None:
    found = listed(
        f"events in {place.namespace}",
        place.kubernetes.core.list_namespaced_event,
        place.namespace,
    )
    message = f"events of {place.namespace}"
    if len(found) >= LISTED:
        message += f" ({LISTED} of them)"
    warnings = [one for one in found if one.get("type") == "Warning"]
    if warnings:
        folder.write(
            "namespace/warnings.txt", f"warnings among the {message}", event_lines(warnings)
        )
    folder.write("namespace/events.txt", message, event_lines(found))
    folder.write_json("namespace/events.json", f"{message}, with all their fields", found)


def _is_of_test(pod: Object, session: str, runs: set[str], services: set[str]) -> bool:
    """Whether a pod is of the test's runs, or else the session's; of others' we keep nothing."""
    labels = labels_of(pod)
    run = labels.get(RUN_ID)
    if run is not None:
        return run in runs
    if labels.get(SERVICE_LABEL) in services:
        return True
    return is_ours(labels) and labels.get(SESSION) == session
