"""TrainingJob: one job of ours, to be waited for, read from all sides and removed."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from pytest_kubeflow.errors import ConfigurationError, Evidence, KubeflowError, NotFound
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.training.access import TrainingAccess
from pytest_kubeflow.training.errors import TrainingFailed
from pytest_kubeflow.training.evidence import training_evidence, why_failed
from pytest_kubeflow.training.kinds import FAILED, TRAIN_JOB, JobKind
from pytest_kubeflow.training.node import TrainingNode
from pytest_kubeflow.training.program import result_in
from pytest_kubeflow.training.stall_watch import StallWatch
from pytest_kubeflow.training.state import TrainingState
from pytest_kubeflow.training.waiting import TrainingWait
from pytest_kubeflow.training.workload import TrainingWorkload
from pytest_kubeflow.waiting import wait_until


class TrainingJob:
    """A training job of ours. Whatever it tells is asked for when it is read."""

    def __init__(self, access: TrainingAccess, kind: JobKind, name: str) -> None:
        self._access = access
        self.kind = kind
        self.name = name
        self.namespace = access.namespace

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"

    def __repr__(self) -> str:
        return f"TrainingJob({self})"

    def as_account(self, token: Secret) -> TrainingJob:
        """The same job as the account of this token sees it: its methods raise PermissionDenied."""
        account = self._access.cluster.kubernetes.with_token(token)
        return TrainingJob(replace(self._access, account=account), self.kind, self.name)

    @property
    def _object(self) -> CustomObject:
        return self._access.at(self.kind, self.name)

    @property
    def state(self) -> TrainingState:
        """What its object says now. Raises NotFound if it is not there."""
        return TrainingState(self._object.read())

    @property
    def workload(self) -> TrainingWorkload:
        """Its pods, and what events say of them."""
        return TrainingWorkload(self._access.kubernetes, self.namespace, self.kind, self.name)

    @property
    def nodes(self) -> list[TrainingNode]:
        """Its nodes, each with its youngest pod, in the order of their ranks."""
        return self.workload.nodes()

    def node(self, which: int | str = 0) -> TrainingNode:
        """The node of this rank, or of this name: "node-0", "worker-1".

        Raises NotFound, with those that there are.
        """
        nodes = self.nodes
        found = [
            one for rank, one in enumerate(nodes) if which in {one.name, rank if nodes else None}
        ]
        if not found:
            names = ", ".join(one.name for one in nodes) or "none"
            raise NotFound(f"{self} has no node {which!r} with a pod; it has {names}")
        return found[0]

    def logs(self, node: int | str = 0, *, previous: bool = False) -> str:
        """What a node's program wrote; `previous`: before it was started again in its pod.

        Raises NotFound once the pod is gone, or while there is none.
        """
        found = self.node(node)
        data = read_log(
            *(self._access.kubernetes, self.namespace, found.pod_name, found.container),
            previous=previous,
        )
        return READ.note(data.decode(errors="replace"), f"log of {found.name} of {self}")

    def results(self) -> dict[str, Any]:
        """What the function returned, by node: the last line of its log that is JSON.

        What is no object and no list is taken from the very last line alone.
        None for those of which there is none, or whose program has not begun. Nodes that a job of
        the training operator has not waited for have some seconds to end.
        """
        done = self.kind is not TRAIN_JOB and self.state.is_done
        nodes = self.workload.settled_nodes() if done else self.nodes
        found = {
            one.name: result_in(self.logs(one.name)) if one.has_begun else None for one in nodes
        }
        return READ.note(found, f"results of {self}")

    def wait(self, timeout: float | None = None, *, ended: str | None = None) -> TrainingJob:
        """Wait until it has ended as wanted, well or "Failed"; returns it.

        Raises TrainingFailed if it ends otherwise, or as soon as it is clear that it will not end;
        WaitTimeout; both with conditions, nodes, logs and events. Meanwhile the terminal shows how
        far it is.
        """
        wanted = ended or self.kind.done
        if wanted not in (self.kind.done, FAILED):
            raise ConfigurationError(
                f"ended={wanted!r}: a {self.kind.name} ends in {self.kind.done} or {FAILED}"
            )
        TrainingWait(
            str(self),
            lambda: self.state,
            StallWatch(
                self.workload,
                self._access.cluster.config.session.start_timeout,
                failing=wanted == FAILED,
            ),
            self.evidence,
            lambda: why_failed(self.workload),
            listener=self._access.listener,
        ).until(wanted, self._access.deadline(timeout))
        return self

    def wait_suspended(self, timeout: float | None = None) -> TrainingJob:
        """Wait until its controller says that it is suspended; returns it.

        Raises TrainingFailed if it ends instead.
        """

        def is_suspended(state: TrainingState) -> bool:
            if state.is_over:
                raise TrainingFailed(
                    f"{self} was to be suspended, and is {state.describe()}",
                    evidence=self.evidence(),
                )
            return state.is_suspended

        wait_until(
            lambda: self.state,
            is_suspended,
            deadline=self._access.deadline(timeout),
            what=f"{self} to be suspended",
            describe=TrainingState.describe,
            evidence=self.evidence,
        )
        return self

    def wait_nodes(self, count: int = 1, timeout: float | None = None) -> list[TrainingNode]:
        """Wait until so many of its nodes have a pod; returns all that have."""
        return wait_until(
            lambda: self.nodes,
            lambda nodes: len(nodes) >= count,
            deadline=self._access.deadline(timeout),
            what=f"{self} to have {count} pods",
            describe=lambda nodes: ", ".join(one.name for one in nodes) or "none yet",
            evidence=self.evidence,
        )

    def wait_said(
        self, text: str, node: int | str = 0, timeout: float | None = None
    ) -> TrainingNode:
        """Wait until a node's program has written this; returns the node as it is then."""

        def look() -> str:
            with contextlib.suppress(KubeflowError):  # no pod, or no log yet
                return self.logs(node)
            return ""

        wait_until(
            look,
            lambda log: text in log,
            deadline=self._access.deadline(timeout),
            what=f"node {node} of {self} to write {text!r}",
            describe=lambda log: log.rstrip().splitlines()[-1] if log.strip() else "nothing yet",
            evidence=self.evidence,
        )
        return self.node(node)

    def suspend(self) -> TrainingJob:
        """Take its pods away, until it is resumed; returns it."""
        return self._set_suspended(suspended=True)

    def resume(self) -> TrainingJob:
        """Let it go on; returns it."""
        return self._set_suspended(suspended=False)

    def _set_suspended(self, *, suspended: bool) -> TrainingJob:
        where = "runPolicy" if "runPolicy" in self._owned().spec else ""
        change: dict[str, Any] = {"suspend": suspended}
        # By a patch: owners of profiles have no right to replace a TrainJob.
        self._object.patch({"spec": {where: change} if where else change})
        return self

    def _owned(self) -> TrainingState:
        """Its state, if it is ours. Raises PermissionDenied for somebody else's."""
        state = self.state
        self._object.check_ours(state.metadata)
        return state

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until nothing of it is left; one that is not there is fine."""
        with contextlib.suppress(NotFound):
            self._object.delete(str(self._owned().metadata["uid"]))
        if wait:
            wait_until(
                self.remains,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"{self} to be gone",
                describe=", ".join,
                evidence=self.evidence,
            )

    def remains(self) -> list[str]:
        """What is left of it: "the TrainJob itself", "pod x"."""
        left = []
        with contextlib.suppress(NotFound):
            self._object.read()
            left.append(f"the {self.kind.name} itself")
        return [*left, *(f"pod {pod.metadata.name}" for pod in self.workload.pods())]

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: conditions, nodes, logs, events."""
        state: TrainingState | None
        try:
            state = self.state
        except KubeflowError:
            state = None
        return training_evidence(self.workload, state)
