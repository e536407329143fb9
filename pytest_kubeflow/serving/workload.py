"""Workload: the Deployments and pods of an InferenceService, which tell what its status leaves out.

Which spec they were made for shows in the annotation from which KServe's webhook makes the storage
initializer, or in the initializer where the controller has put it there itself, and in the image
of a custom container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.start import container_statuses
from pytest_kubeflow.k8s.ports.serviceport import is_ready, youngest
from pytest_kubeflow.serving.state import ServiceState

SERVICE_LABEL = "serving.kserve.io/inferenceservice"
REVISION_LABEL = "serving.knative.dev/revision"
MIN_SCALE = "autoscaling.knative.dev/min-scale"
"""On the Deployment of a revision: another number of pods at least makes another revision."""

SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
INITIALIZER, CONTAINER = "storage-initializer", "kserve-container"
_CANNOT_START = frozenset(
    {"CreateContainerConfigError", "ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName"}
)


def selector(name: str) -> str:
    """Selects what KServe made for the service `name`."""
    return f"{SERVICE_LABEL}={name}"


@dataclass(frozen=True)
class Workload:
    """V1Deployments and V1Pods; None where they may not be listed."""

    deployments: Sequence[Any] | None
    pods: Sequence[Any] | None

    @classmethod
    def read(cls, kubernetes: KubernetesClient, namespace: str, name: str) -> Workload:
        """What there is now."""
        from kubernetes.client import AppsV1Api

        apps = AppsV1Api(kubernetes.api_client)
        deployments: Sequence[Any] | None
        pods: Sequence[Any] | None
        try:
            with calling(f"list the deployments of {namespace}/{name}"):
                deployments = apps.list_namespaced_deployment(
                    namespace, label_selector=selector(name)
                ).items
        except PermissionDenied:
            deployments = None
        try:
            with calling(f"list the pods of {namespace}/{name}"):
                pods = kubernetes.core.list_namespaced_pod(
                    namespace, label_selector=selector(name)
                ).items
        except PermissionDenied:
            pods = None
        return cls(deployments, pods)

    def waits_for(self, state: ServiceState) -> str:
        """What the roll-out of `state`'s spec still waits for; empty once only it serves."""
        if state.latest_created != state.latest_ready:
            return f"revision {state.latest_created} is not ready yet"
        if self.deployments is None:
            return _stale(state)
        current = [one for one in self.deployments if _is_current(one, state)]
        if not current:
            return _stale(state)
        if not all(_carries(one, state) for one in current):
            return f"the deployment is still that of another model than {state.storage_uri}"
        if _stale(state) and not all(_is_proof(one, state) for one in current):
            return _stale(state)
        return next((found for one in current if (found := _rolling(one))), "")

    def shares(self, state: ServiceState) -> dict[str, int]:
        """Percent of the requests by the URI of the model.

        Of Knative's revisions the shares of `state`, else each pod that is ready has the same.
        Empty where neither pods nor Deployments tell.
        """
        traffic, parts = state.traffic, dict[str, int]()
        for labels, uri, ready in self._models(of_revisions=bool(traffic)):
            part = traffic.get(labels.get(REVISION_LABEL, ""), 0) if traffic else ready
            if part and uri and labels.get("component", "predictor") == "predictor":
                parts[uri] = parts.get(uri, 0) + part
        whole = sum(parts.values())
        return {uri: round(100 * part / whole) for uri, part in parts.items()}

    def _models(self, *, of_revisions: bool) -> Iterator[tuple[Mapping[str, str], str, int]]:
        """Labels, URI of the model, and how many pods of it are ready."""
        if of_revisions or self.pods is None:
            for one in self.deployments or ():
                ready = one.status.ready_replicas or 0
                yield one.metadata.labels or {}, _source(one), ready
            return
        for pod in self.pods:
            ready = int(is_ready(pod) and not pod.metadata.deletion_timestamp)
            yield pod.metadata.labels or {}, _loaded(pod.metadata, pod.spec), ready

    @property
    def newest(self) -> Any | None:
        """The youngest pod that is not being removed, if there is one."""
        living = [pod for pod in self.pods or () if not pod.metadata.deletion_timestamp]
        return youngest(living) if living else None

    @property
    def best(self) -> Any | None:
        """The youngest of the pods that are ready; the newest of all while none is."""
        ready = [pod for pod in self.pods or () if is_ready(pod)]
        return youngest(ready) if ready else self.newest

    @property
    def hopeless(self) -> str:
        """Why the newest pod will not come up: it failed twice, or cannot even start."""
        pod = self.newest
        if pod is None:
            return ""
        for one in container_statuses(pod):
            state, before = one.state, one.last_state
            waiting = state.waiting if state else None
            if waiting and waiting.reason in _CANNOT_START:
                return f"{one.name} cannot start: {waiting.reason}: {waiting.message or ''}".rstrip(
                    ": "
                )
            ended = (state.terminated if state else None) or (before.terminated if before else None)
            is_down = not (state and state.running)
            failures = one.restart_count + is_down
            if ended and ended.exit_code and failures > 1:
                return (
                    f"{one.name} failed {failures} times, the last time with "
                    f"exit code {ended.exit_code} ({ended.reason or 'no reason'})"
                )
        return ""


def _stale(state: ServiceState) -> str:
    if not state.is_stale:
        return ""
    return f"its status is that of generation {state.observed}, wanted {state.generation}"


def _is_current(deployment: Any, state: ServiceState) -> bool:
    """Whether it is the predictor's, and of Knative's the one of the newest revision."""
    labels: Mapping[str, str] = deployment.metadata.labels or {}
    if labels.get("component", "predictor") != "predictor":
        return False
    return labels.get(REVISION_LABEL, state.latest_created) == state.latest_created


def _source(deployment: Any) -> str:
    """The URI that its pods load; empty if it does not tell."""
    template = deployment.spec.template
    return _loaded(template.metadata, template.spec)


def _loaded(metadata: Any, spec: Any) -> str:
    """The URI that a pod loads, or that of a template."""
    annotated = (metadata.annotations or {}).get(SOURCE)
    loaders = [one for one in spec.init_containers or () if one.name == INITIALIZER]
    arguments = loaders[0].args or () if loaders else ()
    return str(annotated or (arguments[0] if arguments else ""))


def _carries(deployment: Any, state: ServiceState) -> bool:
    """False if it can be seen to be for another model."""
    source = _source(deployment)
    return not source or not state.storage_uri or source == state.storage_uri


def _is_proof(deployment: Any, state: ServiceState) -> bool:
    """Whether it can be seen to be for this very spec, whatever the status counts."""
    predictor = (state.object.get("spec") or {}).get("predictor") or {}
    if not _is_scaled(deployment, predictor.get("minReplicas")):
        return False
    if state.storage_uri:
        return _source(deployment) == state.storage_uri
    wanted = predictor.get("containers") or ()
    images = {one.image for one in deployment.spec.template.spec.containers}
    return bool(wanted) and all(one.get("image") in images for one in wanted)


def _is_scaled(deployment: Any, least: int | None) -> bool:
    """False if it can be seen to be for another least number of pods."""
    if least is None:
        return True
    found = (deployment.metadata.annotations or {}).get(MIN_SCALE)
    if found is not None:
        return str(found) == str(least)
    replicas = deployment.spec.replicas
    of_revision = REVISION_LABEL in (deployment.metadata.labels or {})
    return of_revision or (1 if replicas is None else replicas) >= least


def _rolling(deployment: Any) -> str:
    """What `kubectl rollout status` would still wait for."""
    name, status = deployment.metadata.name, deployment.status
    if (status.observed_generation or 0) < (deployment.metadata.generation or 0):
        return f"deployment {name} has a change that is not seen yet"
    wanted = 1 if deployment.spec.replicas is None else deployment.spec.replicas
    updated, all_of_them = status.updated_replicas or 0, status.replicas or 0
    if updated < wanted:
        return f"{updated} of {wanted} pods of deployment {name} are new"
    if all_of_them > updated:
        return f"deployment {name} still has old pods: {all_of_them - updated}"
    if (status.available_replicas or 0) < updated:
        return f"{status.available_replicas or 0} of {updated} pods of deployment {name} are there"
    return ""
