"""Workflow: one Workflow of ours, to be waited for, read from all sides and removed."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from pytest_kubeflow.cluster.namespace_access import NamespaceAccess
from pytest_kubeflow.errors import ConfigurationError, Evidence, KubeflowError, NotFound
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import wait_until
from pytest_kubeflow.workflows.evidence import workflow_evidence
from pytest_kubeflow.workflows.manifest import KIND
from pytest_kubeflow.workflows.node import WorkflowNode, table
from pytest_kubeflow.workflows.stall_watch import StallWatch
from pytest_kubeflow.workflows.state import WorkflowState
from pytest_kubeflow.workflows.waiting import WorkflowWait
from pytest_kubeflow.workflows.workload import WorkflowWorkload

_ENDS = ("Succeeded", "Failed", "Error")
_OF_EXECUTOR = re.compile(
    r'time=(?:"[^"\n]*"|\S+) level=\w+ msg=(?:"(?:[^"\\\n]|\\.)*"|\S+)'
    r"(?: [^\n]*)? argo=true[^\n]*\n(?:Error: exit status \d+(?:\n|\Z))?"
)
"""What Argo's executor adds to the log of the program that it runs, up to 3.7 and from 4.0 on."""


@dataclass(frozen=True)
class WorkflowAccess(NamespaceAccess):
    """What the Workflows of one namespace are asked with."""

    def read(self, name: str) -> WorkflowState:
        """The object. Raises NotFound."""
        return WorkflowState(self.at(name).read())

    def at(self, name: str) -> CustomObject:
        """How it is asked for and changed."""
        return KIND.of(self.cluster.kubernetes, self.namespace, name)


class Workflow:
    """A Workflow of ours. Whatever it tells is asked for when it is read, until it is over."""

    def __init__(self, access: WorkflowAccess, name: str) -> None:
        self._access = access
        self.name = name
        self.namespace = access.namespace
        self._over: WorkflowState | None = None

    def __repr__(self) -> str:
        return f"Workflow({self.namespace}/{self.name})"

    @property
    def state(self) -> WorkflowState:
        """What its object says now. Raises NotFound if it is not there."""
        if self._over is not None:
            return self._over
        found = self._access.read(self.name)
        if found.is_over:
            self._over = found
        return found

    @property
    def workload(self) -> WorkflowWorkload:
        """Its pods and claims."""
        return WorkflowWorkload(self._access.cluster.kubernetes, self.namespace, self.name)

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded, Failed or Error; "" until it is taken up."""
        return READ.note(self.state.phase, f"Workflow {self.name}")

    @property
    def nodes(self) -> list[WorkflowNode]:
        """Its nodes, by name."""
        return self.state.nodes

    @property
    def outputs(self) -> dict[str, str]:
        """The parameters that nodes gave the Workflow, by their `globalName`."""
        return READ.note(self.state.outputs, f"outputs of Workflow {self.name}")

    def node(self, display_name: str) -> WorkflowNode:
        """The node of this display name: of a step, a task, an iteration (`say(1:b)`), an attempt.

        Of several with the same name, in different templates, the one with the shortest whole name.
        Raises NotFound, with those that there are.
        """
        state = self.state
        if state.unreadable:
            raise NotFound(f"Workflow {self.name} shows no nodes: {state.unreadable}")
        found = [one for one in state.nodes if one.display_name == display_name]
        if not found:
            names = ", ".join(one.display_name for one in state.nodes) or "none"
            raise NotFound(f"Workflow {self.name} has no node {display_name!r}; it has {names}")
        return min(found, key=lambda one: len(one.name))

    def last_attempt(self, node: WorkflowNode | str) -> WorkflowNode:
        """The attempt that counts of a node that is repeated; the node itself where none is.

        Kubeflow Pipelines install a `retryStrategy` for all templates: each node has attempts then,
        of which the pods are, and what comes after a node hangs below its last attempt.
        """
        found = node if isinstance(node, WorkflowNode) else self.node(node)
        nodes = {one.id: one for one in self.nodes}
        while found.type == "Retry":
            attempts = [
                nodes[child]
                for child in found.children
                if child in nodes and nodes[child].name.startswith(f"{found.name}(")
            ]
            if not attempts:
                break
            found = attempts[-1]
        return found

    def table(self) -> str:
        """Its nodes as a table: name, type, phase, seconds, message."""
        return table(self.nodes)

    def log(self, node: WorkflowNode | str, container: str = "main") -> str:
        """What a container of a node's pod wrote, without the lines of Argo's executor in it.

        Of a node that is repeated, its last attempt. Raises NotFound once the pod is gone.
        """
        found = self.last_attempt(node)
        pod = self.workload.pod(found.name)
        if pod is None:
            stored = found.artifacts.get("main-logs")
            where = f"; its log is in the store, by the key {stored.key}" if stored else ""
            raise NotFound(
                f"node {found.display_name} of Workflow {self.name} has no pod (any more){where}"
            )
        data = read_log(
            self._access.cluster.kubernetes, self.namespace, pod.metadata.name, container
        )
        message = f"log of {container} of node {found.display_name}"
        return READ.note(_OF_EXECUTOR.sub("", data.decode(errors="replace")), message)

    def wait(self, timeout: float | None = None, *, ended: str = "Succeeded") -> Workflow:
        """Wait until it has ended as wanted, "Succeeded", "Failed" or "Error"; returns it.

        Raises WorkflowFailed if it ends otherwise, or as soon as it is clear that it will not end;
        WaitTimeout; both with nodes, pods, events and logs. Meanwhile the terminal shows its nodes.
        """
        if ended not in _ENDS:
            raise ConfigurationError(f"ended={ended!r}: a Workflow ends in {' or '.join(_ENDS)}")
        self._over = WorkflowWait(
            f"{self.namespace}/{self.name}",
            lambda: self._access.read(self.name),
            StallWatch(self.workload, self._access.cluster.config.session.start_timeout),
            self.evidence,
            listener=self._access.listener,
        ).until(ended, self._access.deadline(timeout))
        return self

    def patch(self, spec: dict[str, object]) -> Workflow:
        """Change fields of its spec, such as `suspend`; returns it."""
        self._owned()
        self._access.at(self.name).patch({"spec": spec})
        return self

    def stop(self) -> Workflow:
        """End it: what runs is ended, exit handlers are run; returns it."""
        return self.patch({"shutdown": "Stop"})

    def _owned(self) -> WorkflowState:
        """Its state, if it is ours. Raises PermissionDenied for somebody else's."""
        state = self._access.read(self.name)
        self._access.at(self.name).check_ours(state.metadata)
        return state

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until nothing of it is left; one that is not there is fine."""
        with contextlib.suppress(NotFound):
            self._access.at(self.name).delete(self._owned().metadata["uid"])
        if wait:
            wait_until(
                self.remains,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"Workflow {self.namespace}/{self.name} to be gone",
                describe=", ".join,
                evidence=self.evidence,
            )

    def remains(self) -> list[str]:
        """What is left of it: "the Workflow itself", "pod x", "claim y"."""
        left = []
        with contextlib.suppress(NotFound):
            self._access.read(self.name)
            left.append("the Workflow itself")
        left += [f"pod {pod.metadata.name}" for pod in self.workload.pods()]
        return [*left, *(f"claim {name}" for name in self.workload.claims())]

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: nodes, logs, pods, events."""
        state: WorkflowState | None
        try:
            state = self.state
        except KubeflowError:
            state = None
        return workflow_evidence(self.workload, state)
