"""Waiting for a notebook: until its server responds, and no longer once it never will.

A pod that is ready proves little: the controller sets no probe, so the container only runs. What
counts is that Jupyter responds at the notebook's path, through the gateway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_kubeflow.errors import (
    AuthenticationError,
    Evidence,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.admission import refusal
from pytest_kubeflow.k8s.pod_start import GRACE, StartWatch
from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.notebooks.server import ServerReply
from pytest_kubeflow.notebooks.spec import PORT
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.waiting import Deadline, wait_until

_ROUTE = 30.0
"""Seconds for which a route to a server that runs may not have arrived at the gateway."""

_OPTIONS = "--kf-notebook-image"
_SERVE = (
    f"its image must start its server on 0.0.0.0:{PORT} with the base URL $NB_PREFIX "
    f"({_OPTIONS} names another image)"
)


@dataclass(frozen=True)
class Look:
    """A notebook at one moment. `reply` is None while its container does not run."""

    state: NotebookState
    workload: NotebookWorkload
    reply: ServerReply | None = None

    @property
    def responds(self) -> bool:
        """Whether its server is there."""
        return self.reply is not None and self.reply.is_jupyter

    def describe(self) -> str:
        """What it waits for, in one line."""
        if self.responds:
            return "its server responds"
        if self.reply is not None:
            return f"its container runs, and {self.state.path}/api/status answers {self.reply}"
        if self.workload.pod is None:
            return self.state.describe()
        return self.workload.describe()


@dataclass
class Readiness:
    """Waits for one notebook. `look` raises NotFound once it is gone.

    `start_timeout` is what --kf-start-timeout says, `who` how we come to the gateway, for people.
    """

    name: str
    look: Callable[[], Look]
    evidence: Callable[[], Evidence]
    start_timeout: float
    who: str
    onlooker: Callable[[str, str | None], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _watched: StartWatch | None = field(default=None, init=False)
    _kind: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)

    def wait(self, deadline: Deadline) -> None:
        """Wait until its server responds.

        Raises NotebookFailed, PermissionDenied or AuthenticationError as soon as it is clear that
        it will not, WaitTimeout at the deadline; all with pod, events and logs.
        """
        try:
            wait_until(
                self._seen,
                self._is_ready,
                deadline=deadline,
                what=f"Notebook {self.name} to respond",
                interval=0.1,
                longest=1.0,
                describe=Look.describe,
                evidence=self.evidence,
            )
        finally:
            self._tell(None)

    def _tell(self, state: str | None) -> None:
        if self.onlooker is not None:
            self.onlooker(f"Notebook {self.name}", state)

    def _seen(self) -> Look:
        try:
            return self.look()
        except NotFound as error:
            raise NotebookFailed(
                f"Notebook {self.name} was deleted while it was waited for"
            ) from error

    def _is_ready(self, look: Look) -> bool:
        if look.responds:
            return True
        self._tell(look.describe())
        if (failure := self._failure(look)) is not None:
            kind, reason = failure
            raise kind(
                f"Notebook {self.name} will not be ready: {reason}", evidence=self.evidence()
            )
        return False

    def _failure(self, look: Look) -> tuple[type[KubeflowError], str] | None:
        """Why it will never respond; None while it still may."""
        state = look.state
        if state.is_being_deleted:
            return NotebookFailed, "it is being deleted"
        if state.stopped_since:
            return (
                NotebookFailed,
                f"it is {state.describe()}: somebody or the culler has stopped it",
            )
        if state.prefix and state.prefix.rstrip("/") != state.path:
            return NotebookFailed, (
                f"NB_PREFIX is set to {state.prefix!r} in its object, which the controller leaves "
                f"as it is, and the gateway leads {state.path} to it: remove NB_PREFIX from the "
                "object (or the PodDefault) that sets it"
            )
        if look.reply is not None:
            return self._unanswered(look, look.reply)
        reason = self._without_pod(look) if look.workload.pod is None else self._stuck(look)
        return (NotebookFailed, reason) if reason else None

    def _without_pod(self, look: Look) -> str:
        words = look.workload.not_created()
        if words:
            rule = refusal(403, words, pod=True)
            waits = rule is None or rule.passing
            if waits and self._lasted("not created") < self.start_timeout:
                return ""
            told = f"; it is {rule.rule} that refuses it: {rule.advice}" if rule else ""
            return f"its StatefulSet cannot make a pod: {words}{told}"
        if self._lasted("no pod") < self.start_timeout:
            return ""
        if not look.workload.has_stateful_set():
            return (
                f"it has no StatefulSet after {self.start_timeout:g} s: the notebook controller "
                "does not run, or fails (kubectl -n kubeflow logs "
                "deploy/notebook-controller-deployment)"
            )
        return (
            f"its StatefulSet has made no pod after {self.start_timeout:g} s "
            "(--kf-start-timeout), and no event says why"
        )

    def _stuck(self, look: Look) -> str:
        workload = look.workload
        if crashes := workload.crashes:
            return f"{crashes}: {_SERVE}"
        if self._watched is None:
            self._watched = StartWatch(
                workload.kubernetes, workload.namespace, self.start_timeout, options=_OPTIONS
            )
        return self._watched.hopeless(workload.pod)

    def _unanswered(self, look: Look, reply: ServerReply) -> tuple[type[KubeflowError], str] | None:
        """Its container runs, and what is answered is not Jupyter's."""
        path = f"{look.state.path}/api/status"
        if reply.status in {401, 403} or 300 <= reply.status < 400:
            if self._lasted("refused") < GRACE:
                return None
            if reply.status == 403 and "RBAC" in reply.words:
                return PermissionDenied, (
                    f"{path} answers {reply}: {self.who} is not the owner of this profile, and a "
                    "notebook lets in its owner alone, no service account's token: log in as the "
                    "owner (--kf-username, KF_PASSWORD)"
                )
            kind = PermissionDenied if reply.status == 403 else AuthenticationError
            return kind, f"{path} does not let in {self.who}: {reply}"
        if reply.status == 503:
            if self._lasted("silent") < self.start_timeout:
                return None
            return NotebookFailed, (
                f"its container runs for {self.start_timeout:g} s, and nothing responds at port "
                f"{PORT} of its pod ({reply}): {_SERVE}"
            )
        if self._lasted(f"{reply.status}") < min(_ROUTE, self.start_timeout):
            return None
        if reply.status == 404:
            return NotebookFailed, (
                f"its container runs, and {path} answers {reply}: its server has another base URL "
                f"than $NB_PREFIX, or the gateway has no route to it (VirtualService); {_SERVE}"
            )
        return NotebookFailed, (
            f"its container runs, and {path} answers something else than Jupyter's: {reply}; the "
            f"gateway has no route to it (VirtualService), or {_SERVE}"
        )

    def _lasted(self, kind: str) -> float:
        """For how many seconds this very thing has been in its way."""
        if kind != self._kind:
            self._kind, self._since = kind, self.clock()
        return self.clock() - self._since
