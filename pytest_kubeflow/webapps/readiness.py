"""Waiting for a server behind the gateway: until it responds, and no longer once it never will.

A pod that is ready proves little. What counts is that the server responds at its path, through the
gateway, to us.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

from pytest_kubeflow.errors import (
    AuthenticationError,
    Evidence,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.admission import refusal
from pytest_kubeflow.k8s.pods.start import GRACE, StartWatch
from pytest_kubeflow.waiting import Deadline, wait_until
from pytest_kubeflow.webapps.reply import ServerReply
from pytest_kubeflow.webapps.workload import ServerWorkload

_ROUTE = 30.0
"""Seconds for which a route to a server that runs may not have arrived at the gateway."""


class Look(Protocol):
    """A server at one moment. `reply` is None while its container does not run."""

    @property
    def workload(self) -> ServerWorkload:
        """Its pod, and what makes it."""

    @property
    def reply(self) -> ServerReply | None:
        """What is answered at its path."""

    @property
    def path(self) -> str:
        """Where it is asked, at the gateway."""

    @property
    def responds(self) -> bool:
        """Whether the server is there."""

    @property
    def is_being_deleted(self) -> bool:
        """Whether its object is."""

    @property
    def rolls(self) -> bool:
        """Whether another pod takes the place of its pod, so that its silence will pass."""

    def describe(self) -> str:
        """What it waits for, in one line."""


L = TypeVar("L", bound=Look)


@dataclass
class ServerReadiness(Generic[L]):
    """Waits for one server. `look` raises NotFound once it is gone; `name` is its object's.

    `start_timeout` is what --kf-start-timeout says, `who` how we come to the gateway, for people.
    """

    name: str
    look: Callable[[], L]
    evidence: Callable[[], Evidence]
    start_timeout: float
    who: str
    listener: Callable[[str, str | None], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _watched: StartWatch | None = field(default=None, init=False)
    _kind: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)
    _tried: bool = field(default=False, init=False)

    kind: ClassVar[str]
    """What it is the readiness of: "Notebook"."""

    spoken: ClassVar[str]
    """The same as the subject of a sentence: "a notebook"."""

    failed: ClassVar[type[KubeflowError]]
    """Raised where it will never respond."""

    serve: ClassVar[str]
    """What its image has to do, as the end of a sentence."""

    options: ClassVar[str]
    """What names its image."""

    port: ClassVar[int]
    base_url: ClassVar[str]
    """Under which base URL the gateway asks it."""

    whose: ClassVar[str]
    """Whose responses are its server's: "Jupyter's"."""

    controller: ClassVar[str]
    """The controller and its Deployment, for people."""

    def wait(self, deadline: Deadline) -> None:
        """Wait until the server responds.

        Raises `failed`, PermissionDenied or AuthenticationError as soon as it is clear that it will
        not, WaitTimeout at the deadline; all with pod, events and logs.
        """
        try:
            wait_until(
                self._seen,
                self._is_ready,
                deadline=deadline,
                what=f"{self.kind} {self.name} to respond",
                interval=0.1,
                longest=1.0,
                describe=lambda look: look.describe(),
                evidence=self.evidence,
            )
        finally:
            self._tell(None)

    def _of_object(self, _look: L) -> str:
        """Why its object alone makes it clear that it will never respond; empty if it does not."""
        return ""

    def _unmade(self, _look: L) -> str:
        """Why its controller makes nothing of it, which its log alone tells; empty if unknown."""
        return ""

    def _tell(self, state: str | None) -> None:
        if self.listener is not None:
            self.listener(f"{self.kind} {self.name}", state)

    def _seen(self) -> L:
        try:
            return self.look()
        except NotFound as error:
            raise self.failed(
                f"{self.kind} {self.name} was deleted while it was waited for"
            ) from error

    def _is_ready(self, look: L) -> bool:
        if look.responds:
            return True
        self._tell(look.describe())
        if (failure := self._failure(look)) is not None:
            kind, reason = failure
            raise kind(
                f"{self.kind} {self.name} will not be ready: {reason}", evidence=self.evidence()
            )
        return False

    def _failure(self, look: L) -> tuple[type[KubeflowError], str] | None:
        """Why it will never respond; None while it still may."""
        if look.is_being_deleted:
            return self.failed, "it is being deleted"
        if reason := self._of_object(look):
            return self.failed, reason
        if look.reply is not None and not look.rolls:
            return self._unanswered(look, look.reply)
        reason = self._without_pod(look) if look.workload.pod is None else self._stuck(look)
        return (self.failed, reason) if reason else None

    def _without_pod(self, look: L) -> str:
        maker = look.workload.kind
        words = look.workload.not_created()
        if words:
            rule = refusal(403, words, pod=True)
            waits = rule is None or rule.passing
            if waits and self._lasted("not created") < self.start_timeout:
                return ""
            message = f"; it is {rule.rule} that refuses it: {rule.advice}" if rule else ""
            return f"its {maker} cannot make a pod: {words}{message}"
        lasted = self._lasted("no pod")
        if (
            lasted >= min(GRACE, self.start_timeout)
            and not self._tried
            and not look.workload.is_made()
        ):
            self._tried = True
            if why := self._unmade(look):
                return why
        if lasted < self.start_timeout:
            return ""
        if not look.workload.is_made():
            return f"it has no {maker} after {self.start_timeout:g} s: {self.controller}"
        return (
            f"its {maker} has made no pod after {self.start_timeout:g} s "
            "(--kf-start-timeout), and no event says why"
        )

    def _stuck(self, look: L) -> str:
        workload = look.workload
        if crashes := workload.crashes:
            return f"{crashes}: {self.serve}"
        if self._watched is None:
            self._watched = StartWatch(
                workload.kubernetes, workload.namespace, self.start_timeout, options=self.options
            )
        return self._watched.hopeless(workload.pod)

    def _unanswered(self, look: L, reply: ServerReply) -> tuple[type[KubeflowError], str] | None:
        """Its container runs, and what is answered is not the server's."""
        path = look.path
        if reply.status in {401, 403} or 300 <= reply.status < 400:
            if self._lasted("refused") < GRACE:
                return None
            if reply.status == 403 and "RBAC" in reply.words:
                return PermissionDenied, (
                    f"{path} answers {reply}: {self.who} is not the owner of this profile, and "
                    f"{self.spoken} lets in its owner alone, no service account's token: log in as "
                    "the owner (--kf-username, KF_PASSWORD)"
                )
            kind = PermissionDenied if reply.status == 403 else AuthenticationError
            return kind, f"{path} does not allow {self.who}: {reply}"
        if reply.status == 503:
            if self._lasted("silent") < self.start_timeout:
                return None
            return self.failed, (
                f"its container runs for {self.start_timeout:g} s, and nothing responds at port "
                f"{self.port} of its pod ({reply}): {self.serve}"
            )
        if self._lasted(f"{reply.status}") < min(_ROUTE, self.start_timeout):
            return None
        if reply.status == 404:
            return self.failed, (
                f"its container runs, and {path} answers {reply}: its server has another base URL "
                f"than {self.base_url}, or the gateway has no route to it (VirtualService); "
                f"{self.serve}"
            )
        return self.failed, (
            f"its container runs, and {path} answers something else than {self.whose}: {reply}; "
            f"the gateway has no route to it (VirtualService), or {self.serve}"
        )

    def _lasted(self, kind: str) -> float:
        """For how many seconds this very thing has been in its way."""
        if kind != self._kind:
            self._kind, self._since = kind, self.clock()
        return self.clock() - self._since
