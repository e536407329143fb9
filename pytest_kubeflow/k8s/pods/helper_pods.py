"""HelperPods: containers of ours that run to their end in one namespace, whatever it takes.

They wait for their turn under a quota, fit the namespace's LimitRanges, and are made again if the
cluster takes them away: what they do must be such that it can be done twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound, PodFailed
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.lifecycle import (
    PodLost,
    create_pod,
    delete_pod,
    read_pod,
    started_containers,
    wait_for_end,
    wait_until_removed,
)
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.k8s.pods.resources import read_bounds
from pytest_kubeflow.k8s.pods.template import ContainerSpec, PodTemplate, pod_manifest
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.waiting import Deadline

Explain = Callable[[str, Mapping[str, bytes]], None]
"""Gets a pod's name and the logs of its containers."""

ATTEMPTS = 5
"""How often a pod is made before it counts as one that this cluster does not let run."""


class HelperPods:
    """Runs them. `start_timeout` in seconds, as --kf-start-timeout says."""

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        *,
        ownership: Ownership,
        template: PodTemplate,
        start_timeout: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._ownership = ownership
        self._template = template
        self._start_timeout = start_timeout

    def run(
        self,
        purpose: str,
        containers: Sequence[ContainerSpec],
        *,
        volumes: Sequence[Mapping[str, Any]],
        deadline: Deadline,
        explain: Explain,
    ) -> tuple[str, dict[str, bytes]]:
        """Run the containers one after another; returns the pod's name and the log of each.

        Of a pod that failed, `explain` gets the same, and may raise what they tell.
        Raises AdmissionRefused, PodFailed or WaitTimeout.
        """
        for attempt in range(1, ATTEMPTS + 1):
            name = self._ownership.name(purpose)
            try:
                return name, self._attempt(name, containers, volumes, deadline, explain)
            except PodLost as error:
                if attempt == ATTEMPTS:
                    error.message += f"; so did {ATTEMPTS} pods in a row"
                    raise
            # Two at once would write to the same files.
            wait_until_removed(self._kubernetes, self._namespace, name, deadline=deadline)
        raise AssertionError("not reached")

    @contextlib.contextmanager
    def hold(
        self,
        purpose: str,
        container: ContainerSpec,
        *,
        volumes: Sequence[Mapping[str, Any]],
        labels: Mapping[str, str],
        deadline: Deadline,
    ) -> Iterator[str]:
        """A pod that is there meanwhile, with these labels besides ours; gives its name.

        Whether it runs is not waited for. Raises AdmissionRefused, or WaitTimeout where it is still
        there at the deadline.
        """
        name = self._ownership.name(purpose)
        manifest = self._manifest(name, [container], volumes, labels=labels)
        create_pod(self._kubernetes, self._namespace, manifest, deadline=deadline)
        try:
            yield name
        finally:
            with contextlib.suppress(NotFound):
                delete_pod(self._kubernetes, self._namespace, name)
            wait_until_removed(self._kubernetes, self._namespace, name, deadline=deadline)

    def _manifest(
        self,
        name: str,
        containers: Sequence[ContainerSpec],
        volumes: Sequence[Mapping[str, Any]],
        *,
        labels: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        bounds = read_bounds(self._kubernetes, self._namespace)
        template = replace(self._template, resources=self._template.resources.fitted(bounds))
        return pod_manifest(
            name,
            labels={**(labels or {}), **self._ownership.labels()},
            containers=containers,
            volumes=volumes,
            template=template,
        )

    def _attempt(
        self,
        name: str,
        containers: Sequence[ContainerSpec],
        volumes: Sequence[Mapping[str, Any]],
        deadline: Deadline,
        explain: Explain,
    ) -> dict[str, bytes]:
        manifest = self._manifest(name, containers, volumes)
        create_pod(self._kubernetes, self._namespace, manifest, deadline=deadline)
        try:
            wait_for_end(
                self._kubernetes,
                self._namespace,
                name,
                deadline=deadline,
                start_timeout=self._start_timeout,
            )
            return {one.name: self._log(name, one.name) for one in containers}
        except PodLost:
            raise
        except PodFailed:
            explain(name, self._logs_of_failed(name))
            raise
        finally:
            with contextlib.suppress(KubeflowError):
                delete_pod(self._kubernetes, self._namespace, name)

    def _logs_of_failed(self, pod: str) -> dict[str, bytes]:
        try:
            found = read_pod(self._kubernetes, self._namespace, pod)
            return {name: self._log(pod, name) for name in started_containers(found)}
        except KubeflowError:
            return {}  # why it failed is told all the same

    def _log(self, pod: str, container: str) -> bytes:
        try:
            return read_log(self._kubernetes, self._namespace, pod, container)
        except NotFound:
            raise PodLost(
                f"pod {self._namespace}/{pod} was deleted before its log was read"
            ) from None
