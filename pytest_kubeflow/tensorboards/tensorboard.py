"""Tensorboard: one TensorBoard, to be waited for, asked for its numbers, and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.tensorboards.access import TensorboardAccess
from pytest_kubeflow.tensorboards.readiness import (
    GROUP,
    KIND,
    PLURAL,
    VERSION,
    Look,
    TensorboardReadiness,
)
from pytest_kubeflow.tensorboards.server import ENVIRONMENT, TensorBoardServer
from pytest_kubeflow.waiting import wait_until
from pytest_kubeflow.webapps.deployment import DeploymentWorkload
from pytest_kubeflow.webapps.evidence import with_workload
from pytest_kubeflow.webapps.server import GatewayServer

ISTIO = ("networking.istio.io", "v1beta1", "virtualservices")


class Tensorboard(GatewayServer[TensorboardAccess]):
    """A TensorBoard of ours. Whatever it tells is asked for when it is read.

    `wait_ready` raises TensorboardFailed where it will not respond.
    """

    readiness = TensorboardReadiness

    def __init__(self, access: TensorboardAccess, name: str, *, by_app: bool) -> None:
        super().__init__(access, name)
        self._by_app = by_app

    @property
    def path(self) -> str:
        """Where it is behind the gateway, without a slash at the end."""
        return f"/tensorboard/{self.namespace}/{self.name}"

    @property
    def environment_path(self) -> str:
        """A path that opens for whoever gets in: it says what is shown."""
        return self.path + ENVIRONMENT

    @cached_property
    def server(self) -> TensorBoardServer:
        """TensorBoard itself, asked by HTTP: `tags()`, `scalars(run, tag)`."""
        return TensorBoardServer(self.url, self._access.session)

    @cached_property
    def _glance(self) -> TensorBoardServer:
        return TensorBoardServer(self.url, self._access.hasty_session)

    @property
    def object(self) -> Mapping[str, Any]:
        """The object. Raises NotFound."""
        with calling(f"read {KIND} {self.namespace}/{self.name}"):
            found: Mapping[str, Any] = (
                self._access.cluster.kubernetes.custom.get_namespaced_custom_object(
                    GROUP, VERSION, self.namespace, PLURAL, self.name
                )
            )
        return found

    @property
    def row(self) -> Mapping[str, Any]:
        """Its line in the web app's table: `logspath`, `status`. Raises NotFound."""
        for one in self._access.app.tensorboards(self.namespace):
            if one["name"] == self.name:
                return one
        raise NotFound(
            f"{self._access.app.title} lists no TensorBoard {self.name} in {self.namespace}"
        )

    @property
    def workload(self) -> DeploymentWorkload:
        """Its Deployment and its pod, as Kubernetes has them now."""
        return DeploymentWorkload.read(
            self._access.cluster.kubernetes,
            self.namespace,
            self.name,
            selector=f"app={self.name}",
        )

    @property
    def service_owner(self) -> str:
        """Whose the Service of its name is, as in "Notebook lab"; empty if it is its own."""
        try:
            with calling(f"read Service {self.namespace}/{self.name}"):
                found = self._access.cluster.kubernetes.core.read_namespaced_service(
                    self.name, self.namespace
                )
        except NotFound:
            return ""
        owners = [one for one in found.metadata.owner_references or () if one.controller]
        if not owners:
            return ""
        return "" if owners[0].kind == KIND else f"{owners[0].kind} {owners[0].name}"

    def _look(self) -> Look:
        found, workload, owner = self.object, self.workload, self.service_owner
        asked = workload.runs and not workload.is_going
        reply = self._glance.environment() if asked else None
        # Once its pod runs the controller gives it a node, and that makes another pod.
        rolls = asked and not workload.is_rolled_out()
        return Look(found, self.environment_path, workload, reply, owner, rolls=rolls)

    def scalars(
        self, tag: str, *, run: str = ".", count: int = 1, timeout: float | None = None
    ) -> list[tuple[int, float]]:
        """The numbers of a tag as (step, value), once there are `count` of them.

        TensorBoard looks for new ones every few seconds. Raises WaitTimeout where they do not come.
        """
        rows = wait_until(
            lambda: self._known(run, tag),
            lambda rows: len(rows) >= count,
            deadline=self._access.deadline(timeout),
            what=f"{count} numbers of {tag!r} (run {run!r}) in TensorBoard {self.name}",
            describe=lambda rows: f"it has {len(rows)}; runs and tags: {self.server.tags()}",
            evidence=self.evidence,
        )
        return READ.note(rows, f"the numbers of {tag} in TensorBoard {self.name}")

    def _known(self, run: str, tag: str) -> list[tuple[int, float]]:
        try:
            return [(one.step, one.value) for one in self.server.scalars(run, tag)]
        except NotFound:
            return []

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until all that was made of it is gone; its claim stays."""
        with contextlib.suppress(NotFound):
            if self._by_app:
                self._access.app.delete(self.namespace, self.name)
            else:
                self._remove()
        if wait:
            wait_until(
                lambda: self.left,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"{KIND} {self.namespace}/{self.name} to be gone",
                describe=lambda left: f"there is still its {', '.join(left)}",
                evidence=self.evidence,
            )

    def _remove(self) -> None:
        with calling(f"delete {KIND} {self.namespace}/{self.name}"):
            self._access.cluster.kubernetes.custom.delete_namespaced_custom_object(
                GROUP,
                VERSION,
                self.namespace,
                PLURAL,
                self.name,
                body={"propagationPolicy": "Foreground"},
            )

    @property
    def left(self) -> list[str]:
        """The kinds of what there is of it now."""
        kubernetes, where = self._access.cluster.kubernetes, (self.name, self.namespace)
        group, version, plural = ISTIO
        reads: dict[str, Callable[[], object]] = {
            KIND: lambda: self.object,
            "Deployment": lambda: kubernetes.apps.read_namespaced_deployment(*where),
            "Service": lambda: kubernetes.core.read_namespaced_service(*where),
            "VirtualService": lambda: kubernetes.custom.get_namespaced_custom_object(
                group, version, self.namespace, plural, self.name
            ),
        }
        found = []
        for kind, read in reads.items():
            try:
                with calling(f"read {kind} {self.namespace}/{self.name}"):
                    read()
            except NotFound:
                continue
            found.append(kind)
        return [*found, *(["pod"] if self.workload.pod is not None else [])]

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: status, logs, pod, events."""
        evidence = Evidence(f"{KIND} {self.namespace}/{self.name}")
        try:
            found = self.object
            status = found.get("status") or {}
            states = [one.get("deploymentState") for one in status.get("conditions") or ()]
            message = (
                f"logspath {found['spec']['logspath']}, ready: {status.get('readyReplicas', 0)}, "
                f"states of its Deployment: {', '.join(map(str, states)) or 'none'}"
            )
        except KubeflowError as error:
            message = f"({error.message})"
        return with_workload(
            evidence.and_section("state", message),
            self._access.cluster.kubernetes,
            self.namespace,
            lambda: self.workload,
            names=(self.name,),
        )
