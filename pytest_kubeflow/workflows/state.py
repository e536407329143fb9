"""WorkflowState: what a Workflow object says, and what can be told from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pytest_kubeflow.k8s.objects.custom_object import ObjectState
from pytest_kubeflow.workflows.node import BAD, POD, RETRY, StoredArtifact, WorkflowNode

FINAL = frozenset({"Succeeded", "Failed", "Error"})
_COMPRESSED = (
    "Argo has compressed its nodes or put them into a database (status.compressedNodes, "
    "status.offloadNodeStatusVersion): read them with the argo CLI"
)


@dataclass(frozen=True)
class WorkflowState(ObjectState):
    """A Workflow as the API gave it."""

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded, Failed or Error; "" until a controller has taken it up."""
        return str(self.status.get("phase") or "")

    @property
    def message(self) -> str:
        """Why it is as it is, in Argo's words; empty where it went well."""
        return str(self.status.get("message") or "")

    @property
    def progress(self) -> str:
        """How many of its pods are done, of those that there are so far: `2/5`."""
        return str(self.status.get("progress") or "")

    @property
    def labels(self) -> dict[str, str]:
        """Of the object; Argo writes two of them."""
        return dict(self.metadata.get("labels") or {})

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.phase in FINAL

    @property
    def service_account(self) -> str:
        """As whom its pods run."""
        return str((self.object.get("spec") or {}).get("serviceAccountName") or "default")

    @cached_property
    def nodes(self) -> list[WorkflowNode]:
        """Its nodes, in the order of their names."""
        found = self.status.get("nodes") or {}
        return sorted(map(WorkflowNode, found.values()), key=lambda one: one.name)

    @property
    def outputs(self) -> dict[str, str]:
        """The parameters that nodes gave the Workflow, by their `globalName`."""
        found = (self.status.get("outputs") or {}).get("parameters") or ()
        return {str(one.get("name")): str(one.get("value", "")) for one in found}

    @property
    def artifacts(self) -> dict[str, StoredArtifact]:
        """The artifacts that nodes gave the Workflow, by their `globalName`."""
        found = (self.status.get("outputs") or {}).get("artifacts") or ()
        return {one.name: one for one in map(StoredArtifact.of, found)}

    @property
    def bucket(self) -> str:
        """Where its artifacts are."""
        reference = self.status.get("artifactRepositoryRef") or {}
        store = (reference.get("artifactRepository") or {}).get("s3") or {}
        return str(store.get("bucket") or "")

    @property
    def unreadable(self) -> str:
        """Why its nodes cannot be read; "" if they can."""
        keys = ("compressedNodes", "offloadNodeStatusVersion")
        return _COMPRESSED if any(self.status.get(key) for key in keys) else ""

    @property
    def pods(self) -> list[WorkflowNode]:
        """The nodes that are pods."""
        return [one for one in self.nodes if one.type == POD]

    @property
    def bad(self) -> list[WorkflowNode]:
        """The nodes that failed by themselves: pods first, and not what is around them.

        Attempts are left out that another one followed which succeeded.
        """
        tried = [one for one in self.nodes if one.type == RETRY and one.phase == "Succeeded"]
        mended = {child for one in tried for child in one.children}
        found = [
            one for one in self.nodes if one.phase in BAD and one.message and one.id not in mended
        ]
        own = [one for one in found if one.type not in {RETRY, "Steps", "StepGroup", "DAG"}]
        return sorted(own or found, key=lambda one: str(one.object.get("finishedAt")))

    def describe(self) -> str:
        """On one line."""
        message = self.phase or "not taken up"
        if self.progress:
            message += f" {self.progress}"
        going = [one.display_name for one in self.pods if not one.is_over]
        if going:
            message += f" ({', '.join(going[:5])}{', ...' if len(going) > 5 else ''})"
        return message + (f": {self.message}" if self.message else "")
