"""Waiting for a notebook: until Jupyter responds, and no longer once it never will.

The controller sets no probe, so a pod that is ready only runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.notebooks.server import STARTED, STATUS
from pytest_kubeflow.notebooks.spec import PORT
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.webapps.readiness import ServerReadiness
from pytest_kubeflow.webapps.reply import ServerReply


@dataclass(frozen=True)
class Look:
    """A notebook at one moment. `reply` is None while its container does not run."""

    state: NotebookState
    workload: NotebookWorkload
    reply: ServerReply | None = None

    @property
    def path(self) -> str:
        """Where it says since when it runs."""
        return f"{self.state.path}{STATUS}"

    @property
    def responds(self) -> bool:
        """Whether its server is there."""
        return self.reply is not None and self.reply.has(STARTED)

    @property
    def rolls(self) -> bool:
        """Never: its pod is gone before the next one comes."""
        return False

    @property
    def is_being_deleted(self) -> bool:
        """Whether the notebook is."""
        return self.state.is_being_deleted

    def describe(self) -> str:
        """What it waits for, in one line."""
        if self.responds:
            return "its server responds"
        if self.reply is not None:
            return f"its container runs, and {self.path} answers {self.reply}"
        if self.workload.pod is None:
            return self.state.describe()
        return self.workload.describe()


@dataclass
class Readiness(ServerReadiness[Look]):
    """Waits for one notebook; `name` has its namespace before it."""

    kind = "Notebook"
    spoken = "a notebook"
    failed = NotebookFailed
    options = "--kf-notebook-image"
    port = PORT
    base_url = "$NB_PREFIX"
    whose = "Jupyter's"
    serve = (
        f"its image must start its server on 0.0.0.0:{PORT} with the base URL $NB_PREFIX "
        f"({options} names another image)"
    )
    controller = (
        "the notebook controller does not run, or fails (kubectl -n kubeflow logs "
        "deploy/notebook-controller-deployment)"
    )

    def _unmade(self, look: Look) -> str:
        """The same is asked for by a dry run."""
        refused = look.workload.refused(look.state.pod_spec)
        return refused and f"it has no StatefulSet, and the API server takes none: {refused}"

    def _of_object(self, look: Look) -> str:
        state = look.state
        if state.stopped_since:
            return f"it is {state.describe()}: somebody or the culler has stopped it"
        if state.prefix and state.prefix.rstrip("/") != state.path:
            return (
                f"NB_PREFIX is set to {state.prefix!r} in its object, which the controller leaves "
                f"as it is, and the gateway leads {state.path} to it: remove NB_PREFIX from the "
                "object (or the PodDefault) that sets it"
            )
        return ""
