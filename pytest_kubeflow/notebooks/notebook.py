"""Notebook: one notebook, to be waited for, run code in, stopped, started and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.notebooks.evidence import notebook_evidence
from pytest_kubeflow.notebooks.kernel import Kernel
from pytest_kubeflow.notebooks.outputs import Outputs
from pytest_kubeflow.notebooks.readiness import Look, Readiness
from pytest_kubeflow.notebooks.server import STATUS, JupyterServer
from pytest_kubeflow.notebooks.spec import KIND, STOPPED, STOPPED_SINCE
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.webapp import JupyterWebApp
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import wait_until
from pytest_kubeflow.webapps.access import ServerAccess
from pytest_kubeflow.webapps.server import GatewayServer


@dataclass(frozen=True)
class NotebookAccess(ServerAccess):
    """What the notebooks of one namespace are asked with."""

    @cached_property
    def app(self) -> JupyterWebApp:
        """The web app, as us."""
        return JupyterWebApp(self.cluster.gateway_url, self.session)

    def read(self, name: str) -> NotebookState:
        """The object. Raises NotFound."""
        return NotebookState(self.at(name).read())

    def at(self, name: str) -> CustomObject:
        """How it is asked for and changed."""
        return KIND.of(self.cluster.kubernetes, self.namespace, name)

    def patch(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Change labels or annotations of one."""
        self.at(name).patch({"metadata": dict(metadata)})


class Notebook(GatewayServer[NotebookAccess]):
    """A notebook of ours. Whatever it tells is asked for when it is read.

    `by_app` says that it is stopped, started and removed as it was made: by the web app, or else
    by its object. `claims` are the names of those that were made with it. `wait_ready` raises
    NotebookFailed where it will not respond.
    """

    readiness = Readiness

    def __init__(
        self, access: NotebookAccess, name: str, *, by_app: bool, claims: tuple[str, ...] = ()
    ) -> None:
        super().__init__(access, name)
        self.claims = claims
        self._by_app = by_app
        self._kernel: Kernel | None = None

    @property
    def path(self) -> str:
        """Where it is behind the gateway, without a slash at the end."""
        return f"/notebook/{self.namespace}/{self.name}"

    @property
    def state(self) -> NotebookState:
        """What its object says now. Raises NotFound if it is not there."""
        return self._access.read(self.name)

    @property
    def processed_status(self) -> Mapping[str, Any]:
        """What the web app says of it: `phase` and `message`."""
        found = self._access.app.get(self.namespace, self.name).get("processed_status")
        return found if isinstance(found, dict) else {}

    @cached_property
    def server(self) -> JupyterServer:
        """Its Jupyter server, asked by HTTP."""
        return JupyterServer(self.url, self._access.session)

    @cached_property
    def _glance(self) -> JupyterServer:
        """The same, asked once: while it starts, each answer counts."""
        return JupyterServer(self.url, self._access.hasty_session)

    @property
    def is_ready(self) -> bool:
        """Whether its server responds now."""
        return self._look().responds

    def _look(self) -> Look:
        state, workload = self.state, self.workload
        asked = workload.runs and not workload.is_going and not state.stopped_since
        return Look(state, workload, self._glance.reply(STATUS) if asked else None)

    @property
    def workload(self) -> NotebookWorkload:
        """Its pod and StatefulSet, as Kubernetes has them now."""
        return NotebookWorkload.read(self._access.cluster.kubernetes, self.namespace, self.name)

    @property
    def has_service(self) -> bool:
        """Whether the controller has made its Service, by which the gateway reaches it."""
        try:
            with calling(f"read Service {self.namespace}/{self.name}"):
                self._access.cluster.kubernetes.core.read_namespaced_service(
                    self.name, self.namespace
                )
        except NotFound:
            return False
        return True

    def kernel(self, spec: str | None = None) -> Kernel:
        """Start another kernel; end it by its `close`. `spec` is the kind, the server's if none."""
        return Kernel(
            self.server,
            self._access.cluster.websocket,
            f"notebook {self.namespace}/{self.name}",
            timeout=self._access.timeout,
            explain=self.evidence,
            spec=spec,
        )

    def execute(self, code: str, *, timeout: float | None = None, check: bool = True) -> Outputs:
        """Run code in its first kernel, which keeps what it has in memory; returns the outputs.

        Where that kernel is gone, the cell that finds out raises KernelDied, and the next one runs
        in a new kernel.
        Raises CellFailed with the traceback where the code raises an error (not with
        `check=False`), KernelDied, WaitTimeout after it was interrupted at the deadline.
        """
        if self._kernel is None:
            self._kernel = self.kernel()
        try:
            return self._kernel.execute(code, timeout=timeout, check=check)
        finally:
            if self._kernel.is_gone:
                self._forget_kernel()

    def restart_kernel(self) -> None:
        """End the kernel of `execute`, if there is one; the next cell runs in a new one."""
        if self._kernel is not None:
            kernel, self._kernel = self._kernel, None
            with contextlib.suppress(NotFound):
                kernel.close()

    def _forget_kernel(self) -> None:
        """It ends with the pod."""
        if self._kernel is not None:
            self._kernel.disconnect()
            self._kernel = None

    def write(self, path: str, content: bytes | str) -> None:
        """Write a file; `path` is relative to its home directory."""
        self.server.write(path, content)

    def read_bytes(self, path: str) -> bytes:
        """The content of a file. Raises NotFound."""
        return READ.note(self.server.read(path), f"{path} in notebook {self.name}")

    def read_text(self, path: str) -> str:
        """The same as text, of which UTF-8 is the encoding."""
        return READ.note_text(self.server.read(path), f"{path} in notebook {self.name}")

    def stop(self, timeout: float | None = None) -> Notebook:
        """Stop it, and wait until its pod is gone; its claims stay. Returns it."""
        self._owned()
        self._forget_kernel()
        if self._by_app:
            self._access.app.set_stopped(self.namespace, self.name, stopped=True)
        else:
            self._access.patch(self.name, {"annotations": {STOPPED: STOPPED_SINCE}})
        wait_until(
            lambda: self.workload,
            lambda workload: workload.pod is None,
            deadline=self._access.deadline(timeout),
            what=f"Notebook {self.namespace}/{self.name} to stop",
            describe=lambda workload: f"there is still its pod: {workload.describe()}",
            evidence=self.evidence,
        )
        return self

    def start(self, timeout: float | None = None) -> Notebook:
        """Start it after it was stopped, and wait until its server responds. Returns it."""
        self._owned()
        if self._by_app:
            self._access.app.set_stopped(self.namespace, self.name, stopped=False)
        else:
            self._access.patch(self.name, {"annotations": {STOPPED: None}})
        return self.wait_ready(timeout)

    def _owned(self) -> NotebookState:
        """Its state, if it is ours. Raises PermissionDenied for somebody else's."""
        state = self.state
        self._access.at(self.name).check_ours(state.metadata)
        return state

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until it and its pod are gone; its claims stay.

        One that is not there is fine.
        """
        self._forget_kernel()
        with contextlib.suppress(NotFound):
            state = self._owned()
            if self._by_app:
                self._access.app.delete(self.namespace, self.name)
            else:
                uid = state.metadata["uid"]
                self._access.at(self.name).delete(uid, propagation="Foreground")
        if wait:
            wait_until(
                self._remains,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"Notebook {self.namespace}/{self.name} to be gone",
                evidence=self.evidence,
            )

    def _remains(self) -> str:
        try:
            state = self.state
        except NotFound:
            pod = self.workload.pod
            return f"pod {pod.metadata.name}" if pod is not None else ""
        holders = ", ".join(state.metadata.get("finalizers") or ()) or "nothing"
        return f"the Notebook itself, held by {holders}"

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: statuses, logs, pod, events."""
        state: NotebookState | None
        try:
            state = self.state
        except KubeflowError:
            state = None
        return notebook_evidence(
            self._access.cluster.kubernetes,
            self.namespace,
            self.name,
            state,
            lambda: self._access.app.get(self.namespace, self.name),
        )
