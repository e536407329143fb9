"""Operation: one look at a Workflow, from what its pods have come to to what begins next.

Source: argo-workflows v3.7.3 workflow/controller/operator.go (operate, podReconciliation).
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.workflows import assessment, usage
from pytest_kubeflow.local.workflows.claims import make_claims, remove_claims
from pytest_kubeflow.local.workflows.config import ControllerConfig, find_repository
from pytest_kubeflow.local.workflows.errors import (
    ParallelismReached,
    TransientError,
    WorkflowError,
)
from pytest_kubeflow.local.workflows.execution import REQUEUE_SECONDS, execute
from pytest_kubeflow.local.workflows.executor.wait import REPORTED
from pytest_kubeflow.local.workflows.nodes import (
    COMPLETED,
    FAILED_OR_ERROR,
    Node,
    NodeTree,
    fulfilled,
)
from pytest_kubeflow.local.workflows.podmaker import NodePods
from pytest_kubeflow.local.workflows.podspec import NODE_ID, ON_EXIT
from pytest_kubeflow.local.workflows.run import Options, Run, globals_of
from pytest_kubeflow.local.workflows.scope import compact
from pytest_kubeflow.local.workflows.spoiling import SPOILING
from pytest_kubeflow.local.workflows.support import unsupported
from pytest_kubeflow.local.workflows.templating import replaced
from pytest_kubeflow.local.workflows.validation import shape_error, validate, without_nulls
from pytest_kubeflow.local.workflows.validation.workflow import with_defaults

log = logging.getLogger(__name__)
Json = Any

PHASE_LABEL = "workflows.argoproj.io/phase"
COMPLETED_LABEL = "workflows.argoproj.io/completed"
_POD_NAMES = "workflows.argoproj.io/pod-name-format"
_OF_NODES = {"Skipped": "Succeeded", "Omitted": "Succeeded"}
_LATE = "Step exceeded its deadline"


@dataclass
class Operation:
    """A look at `workflow`, which is changed by it: `changed` says whether it was.

    `pods` and `results` are what there is of it, by the ids of nodes. `terminate` has the program
    of a pod end. `events` are those to be told: type, reason, message. `again_at`: when to look
    again at the latest.
    """

    client: KubeClient
    config: ControllerConfig
    workflow: Object
    pods: Mapping[str, Object]
    results: Mapping[str, Object]
    terminate: Callable[[str, str], None]
    faults: Faults
    events: list[tuple[str, str, str]] = field(default_factory=list)
    changed: bool = False
    again_at: datetime | None = None
    _run: Run | None = None

    async def operate(self) -> None:
        """Look, and do what is to be done. Raises ApiError, ApiUnreachableError."""
        status = self.workflow.setdefault("status", {})
        begins = not status.get("phase")
        spec = self._spec()
        if spec is None:
            self._count(NodeTree(self.workflow["metadata"]["name"], {}))
            return
        if begins and not await self._begin(spec):
            self._count(NodeTree(self.workflow["metadata"]["name"], {}))
            return
        spec = self._spoiled(spec)
        run = self._run = self._running(spec)
        if not begins:
            self._reconcile(run)
        if spec.get("suspend"):
            self._conclude_look(run)
            return
        try:
            if await make_claims(self.client, self.workflow, spec):
                self.changed = True
        except TransientError as error:
            self._mark("Pending", f"Waiting for a PVC to be created. {error}")
            self._again(run.now.timestamp() + REQUEUE_SECONDS)
            return
        except WorkflowError as error:
            self._mark("Error", f"pvc create error: {error}")
            return
        if status["phase"] == "Pending":
            self._mark("Running", "")
        try:
            await self._execute(run, spec)
        finally:
            self._conclude_look(run)

    def fail(self, message: str) -> None:
        """End the Workflow in Error, after a mistake of the controller's."""
        self._mark("Error", message)

    def _spec(self) -> Json | None:
        """What is run; None where the Workflow has come to its end at once."""
        plain = self.workflow.get("spec")
        if message := shape_error(plain):
            self._mark("Failed", f"cannot unmarshall spec: {message}")
            return None
        return with_defaults(without_nulls(plain), self.config.defaults.get("spec") or {})

    def _spoiled(self, spec: Json) -> Json:
        """The same, or what faults make of it."""
        for fault, spoil in SPOILING.items():
            if self.faults.active(fault):
                spec = copy.deepcopy(spec)
                spoil(spec)
        return spec

    async def _begin(self, spec: Json) -> bool:
        metadata, status = self.workflow["metadata"], self.workflow["status"]
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        try:
            validate(metadata["name"], spec, labels, annotations)
        except WorkflowError as error:
            self._mark("Failed", f"invalid spec: {error}")
            return False
        if found := unsupported(spec):
            self._mark("Error", found)
            return False
        try:
            wanted, namespace = spec.get("artifactRepositoryRef"), metadata["namespace"]
            reference = await find_repository(self.client, self.config, wanted, namespace)
        except WorkflowError as error:
            self._mark("Error", str(error))
            return False
        status["artifactRepositoryRef"] = reference
        status["artifactGCStatus"] = {"notSpecified": True}
        if self.config.defaults:
            self.workflow["spec"] = spec
        more = spec.get("workflowMetadata") or {}
        for key in ("labels", "annotations"):
            if more.get(key):
                metadata[key] = {**(metadata.get(key) or {}), **more[key]}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), _POD_NAMES: "v2"}
        self._mark("Running", "")
        return True

    def _running(self, spec: Json) -> Run:
        status = self.workflow["status"]
        known = globals_of(self.workflow, spec)
        templates = spec.get("templates")
        bare = {key: value for key, value in spec.items() if key != "templates"}
        spec = {**replaced(bare, known), "templates": templates}
        known = globals_of(self.workflow, spec)
        known["workflow.status"] = status["phase"]
        tree = NodeTree(self.workflow["metadata"]["name"], status.setdefault("nodes", {}))
        known["workflow.duration"] = f"{self._duration():f}"
        repository = (status.get("artifactRepositoryRef") or {}).get("artifactRepository")
        pods = NodePods(self.client, self.config, self.pods)
        run = Run(self.workflow, spec, tree, known, pods, repository)
        if run.deadline is not None:
            run.look_again(run.deadline)
        return run

    def _duration(self) -> float:
        begun = self.workflow["status"].get("startedAt")
        if not begun:
            return 0.0
        return (datetime.fromisoformat(now()) - datetime.fromisoformat(begun)).total_seconds()

    def _reconcile(self, run: Run) -> None:
        """Bring the nodes to where their pods are."""
        self._take_results(run)
        is_running = False
        for key, pod in self.pods.items():
            node = run.tree.nodes.get(key)
            if node is None:
                continue
            if not fulfilled(node):
                node = self._assessed(run, node, pod)
                is_running = is_running or node["phase"] == "Running"
            self._control(run, node, pod)
        _set_condition(self.workflow["status"], "PodRunning", is_running)
        for node in run.tree:
            if node["type"] == "Pod" and node["id"] not in self.pods and node["phase"] == "Running":
                run.tree.mark(node, "Error", "pod deleted")
        self._fail_without_pods(run)

    def _take_results(self, run: Run) -> None:
        """Outputs of pods, as Argo's executor reports them."""
        status = self.workflow["status"]
        done = status.setdefault("taskResultsCompletionStatus", {})
        for key, result in self.results.items():
            reported = (result["metadata"].get("labels") or {}).get(REPORTED)
            if reported and done.get(key) is not (reported == "true"):
                done[key] = reported == "true"
                run.tree.changed = True
            node = run.tree.nodes.get(key)
            if node is None or not result.get("outputs"):
                continue
            outputs = copy.deepcopy(result["outputs"])
            if "exitCode" in (node.get("outputs") or {}):
                outputs.setdefault("exitCode", node["outputs"]["exitCode"])
            run.tree.set(node, "outputs", outputs)
        if not done:
            del status["taskResultsCompletionStatus"]

    def _assessed(self, run: Run, node: Node, pod: Object) -> Node:
        template = run.templates.get(node["templateName"])
        made = assessment.assess(node, pod, template)
        done = self.workflow["status"].get("taskResultsCompletionStatus") or {}
        if assessment.wait_failed(pod) and done.get(node["id"]) is not True:
            self.workflow["status"]["taskResultsCompletionStatus"] = {**done, node["id"]: True}
            run.tree.changed = True
        elif made["phase"] == "Succeeded" and done.get(node["id"]) is False:
            return node  # what it came to is not known yet
        run.export(made.get("outputs"))
        if made != node:
            run.tree.nodes[node["id"]] = made
            run.tree.changed = True
        return made

    def _control(self, run: Run, node: Node, pod: Object) -> None:
        """End a pod that may not go on."""
        phase = (pod.get("status") or {}).get("phase") or "Pending"
        if fulfilled(node) or phase not in {"Pending", "Running"}:
            return
        on_exit = ON_EXIT in (pod["metadata"].get("labels") or {})
        if run.shutdown and not run.may_run(in_exit_handler=on_exit):
            found = f"workflow shutdown with strategy:  {run.shutdown}"
        elif run.is_late and not on_exit:
            found = _LATE
        else:
            return
        self.terminate(pod["metadata"]["namespace"], pod["metadata"]["name"])
        run.tree.mark(node, "Failed", found)

    def _fail_without_pods(self, run: Run) -> None:
        for node in run.tree:
            if fulfilled(node) or run.tree.in_exit_handler(node):
                continue
            if run.shutdown and node["type"] == "Suspend":
                run.tree.mark(node, "Failed", f"Stopped with strategy '{run.shutdown}'")
            elif run.is_late and (node["phase"] == "Pending" or node["type"] == "Suspend"):
                run.tree.mark(node, "Failed", _LATE)

    async def _execute(self, run: Run, spec: Json) -> None:
        arguments = run.spec.get("arguments") or {}
        holder = {"template": run.spec["entrypoint"]}
        try:
            node = await execute(run, run.name, holder, arguments, Options())
        except ParallelismReached:
            return
        except WorkflowError as error:
            self._mark("Error", f"error in entry template execution: {error}")
            await remove_claims(self.client, self.workflow, spec)
            return
        phase: str = _OF_NODES.get(node["phase"]) or node["phase"]
        run.known["workflow.status"] = phase
        run.known["workflow.failures"] = json.dumps(_failures(run))
        if not fulfilled(node):
            return
        handler = None
        exit_hook = (run.spec.get("hooks") or {}).get("exit") or {}
        template = run.spec.get("onExit") or exit_hook.get("template")
        if template and run.may_run(in_exit_handler=True):
            handler = await self._handle_exit(
                run, template, exit_hook.get("arguments") or arguments
            )
            if handler is None or not fulfilled(handler):
                return
        self._finish(run, node, handler, phase)
        if self.workflow["status"]["phase"] in COMPLETED:
            await remove_claims(self.client, self.workflow, spec)

    async def _handle_exit(self, run: Run, template: str, arguments: Json) -> Node | None:
        options = Options(in_exit_handler=True, flag={"hooked": True})
        try:
            return await execute(
                run, f"{run.name}.onExit", {"template": template}, arguments, options
            )
        except ParallelismReached:
            return None
        except WorkflowError as error:
            self._mark("Error", f"error in exit template execution : {error}")
            return None

    def _finish(self, run: Run, node: Node, handler: Node | None, phase: str) -> None:
        message = node.get("message", "")
        if node["phase"] in FAILED_OR_ERROR and run.shutdown:
            message = f"Stopped with strategy '{run.shutdown}'"
        if phase == "Succeeded":
            if handler is not None and handler["phase"] in FAILED_OR_ERROR:
                self._mark(handler["phase"], handler.get("message", ""))
            else:
                self._mark("Succeeded", "")
        else:
            self._mark(phase, message)

    def _mark(self, phase: str, message: str) -> None:
        """Give the Workflow a phase; one that is the last waits for what pods still have to say."""
        status, metadata = self.workflow["status"], self.workflow["metadata"]
        done = status.get("taskResultsCompletionStatus") or {}
        if phase in COMPLETED and not all(done.values()):
            return
        labels = metadata["labels"] = dict(metadata.get("labels") or {})
        if status.get("phase") != phase:
            status["phase"] = phase
            labels[PHASE_LABEL] = phase
            labels.setdefault(COMPLETED_LABEL, "false")
            self._tell(phase, message)
        if not status.get("startedAt") and phase != "Pending":
            status["startedAt"], status["finishedAt"] = now(), None
        status["message"] = message
        if not message:
            del status["message"]
        if phase == "Error":
            entry = (status.get("nodes") or {}).get(metadata["name"])
            if entry is not None and entry["phase"] == "Running":
                entry["phase"], entry["message"] = "Error", "Workflow operation error"
        if phase in COMPLETED:
            status["finishedAt"] = now()
            labels[COMPLETED_LABEL] = "true"
            _set_condition(status, "Completed", True)
        self.changed = True

    def _tell(self, phase: str, message: str) -> None:
        if phase == "Running":
            self.events.append(("Normal", "WorkflowRunning", "Workflow Running"))
        elif phase == "Succeeded":
            self.events.append(("Normal", "WorkflowSucceeded", "Workflow completed"))
        elif phase in FAILED_OR_ERROR:
            self.events.append(("Warning", "WorkflowFailed", message))

    def _count(self, tree: NodeTree) -> None:
        """Say how far its pods are, and what they have used."""
        status = self.workflow["status"]
        lost = self.faults.active("workflow-progress-lost")
        progress = "0/1" if lost else tree.count_progress()
        for key, value in (("progress", progress), ("resourcesDuration", usage.count(tree))):
            if value and status.get(key) != value:
                status[key] = value
                self.changed = True

    def _conclude_look(self, run: Run) -> None:
        status = self.workflow["status"]
        self._count(run.tree)
        status["nodes"] = run.tree.nodes
        if not status["nodes"]:
            del status["nodes"]
        self.changed = self.changed or run.tree.changed
        if run.again_at is not None and status["phase"] not in COMPLETED:
            self.again_at = run.again_at

    def _again(self, at: float) -> None:
        self.again_at = datetime.fromtimestamp(at).astimezone()


def _set_condition(status: Json, kind: str, value: bool) -> None:
    text = str(value)
    conditions = status.setdefault("conditions", [])
    for one in conditions:
        if one["type"] == kind:
            one["status"] = text
            return
    conditions.append({"type": kind, "status": text})


def _failures(run: Run) -> str:
    """What has failed so far, as JSON in a text: `{{workflow.failures}}`."""
    return compact(
        [
            {
                "displayName": node["displayName"],
                "message": node.get("message", ""),
                "templateName": node.get("templateName", ""),
                "phase": node["phase"],
                "podName": run.pod_name(node["name"], node.get("templateName", "")),
                "finishedAt": node.get("finishedAt"),
            }
            for node in run.tree
            if node["phase"] in FAILED_OR_ERROR
        ]
    )


def by_node(objects: list[Object]) -> dict[str, Object]:
    """Pods by the ids of their nodes."""
    return {
        one["metadata"]["annotations"][NODE_ID]: one
        for one in objects
        if NODE_ID in (one["metadata"].get("annotations") or {})
    }
