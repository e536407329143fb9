"""InferenceService: one model that is served, to be waited for, asked, updated and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.cluster.namespace_access import NamespaceAccess
from pytest_kubeflow.errors import (
    Evidence,
    KubeflowError,
    NotFound,
)
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.evidence import service_evidence
from pytest_kubeflow.serving.predictor import SETTLING, Predictor
from pytest_kubeflow.serving.readiness import Look, Watch
from pytest_kubeflow.serving.routes import make_route
from pytest_kubeflow.serving.spec import KIND, check_replicas, model_uri
from pytest_kubeflow.serving.state import KNATIVE, MODE, STANDARD, ServiceState, current_name
from pytest_kubeflow.serving.workload import Workload
from pytest_kubeflow.waiting import Deadline, wait_until


@dataclass(frozen=True)
class ServiceAccess(NamespaceAccess):
    """What the services of one namespace are asked with."""

    cluster: Cluster

    def read(self, name: str) -> dict[str, Any]:
        """The object. Raises NotFound."""
        return self.at(name).read()

    def at(self, name: str) -> CustomObject:
        """How it is asked for and changed."""
        return KIND.of(self.cluster.kubernetes, self.namespace, name)


class InferenceService:
    """A service of ours. Whatever it tells is asked for when it is read.

    It need not be there yet: one that a pipeline makes is only a name until then.
    """

    def __init__(
        self, access: ServiceAccess, name: str, *, service_account: str, labels: Mapping[str, str]
    ) -> None:
        self._access = access
        self.name = name
        self.namespace = access.namespace
        self.service_account = service_account
        self.labels = dict(labels)
        self._settling: Deadline | None = None

    def __repr__(self) -> str:
        return f"InferenceService({self.namespace}/{self.name})"

    @property
    def state(self) -> ServiceState:
        """What it says of itself now. Raises NotFound if it is not there."""
        return ServiceState(self._access.read(self.name))

    @property
    def mode(self) -> str | None:
        """Standard or Knative; None while KServe has not said so."""
        return self.state.mode

    def shares(self) -> dict[str, int]:
        """Percent of the requests that each model gets now, by its URI, as its pods have it."""
        look = self._look()
        return look.workload.shares(look.state)

    @property
    def is_ready(self) -> bool:
        """Whether its newest spec serves now."""
        return not self._look().waits_for

    def wait_ready(self, timeout: float | None = None) -> InferenceService:
        """Wait until its newest spec serves, and no older one; returns it.

        Raises ServiceFailed as soon as it is clear that it will not, WaitTimeout; both with the
        conditions, what the loader said, pods and events.
        """
        watch = Watch(
            f"{self.namespace}/{self.name}",
            self._look,
            self.evidence,
            listener=self._access.listener,
        )
        state = watch.until_ready(self._access.deadline(timeout))
        wanted = current_name((state.metadata.get("annotations") or {}).get(MODE, ""))
        if wanted in {STANDARD, KNATIVE} and state.mode not in {wanted, None}:
            raise ServiceFailed(
                f"InferenceService {self.name} was asked for in mode {wanted} and runs in mode "
                f"{state.mode}: KServe below 0.16 knows only the names RawDeployment and "
                "Serverless, and takes its default for others (--kf-serving-mode)"
            )
        self._settling = Deadline.after(SETTLING)
        return self

    def _look(self) -> Look:
        state = self.state
        return Look(
            state, Workload.read(self._access.cluster.kubernetes, self.namespace, self.name)
        )

    def predictor(
        self,
        *,
        ingress: str | None = None,
        model: str | None = None,
        patient: bool = True,
        anonymous: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Predictor:
        """Asks it as its users do: by host, path or port-forward (--kf-serving-ingress).

        For 30 seconds after it has become ready routing may still settle, and later a response may
        be lost on the way: that is asked for again, unless `patient=False`. `anonymous` sends no
        credentials, `headers` other ones. `model` is the name in requests, that of the service if
        none is given.
        """
        cluster = self._access.cluster
        if self._settling is None:
            self._settling = Deadline.after(SETTLING)
        route = make_route(
            cluster,
            self.namespace,
            self.name,
            self.state,
            ingress=ingress or cluster.config.serving.ingress,
            anonymous=anonymous or headers is not None,
            headers=headers or {},
        )
        return Predictor(
            route,
            model or self.name,
            explain=self.explain,
            settling=self._settling if patient else None,
        )

    @reading_evidence()
    def explain(self) -> str:
        """What it says of itself now, in one line, for the messages of others."""
        try:
            state = self.state
        except NotFound:
            return f"the InferenceService {self.name} does not exist (any more)"
        except KubeflowError as error:
            return error.message
        return f"the InferenceService is {state.describe()}"

    def update(self, uri: str, *, canary: int | None = None) -> InferenceService:
        """Serve the model at `uri` from now on; `canary` percent of requests, if it is given.

        Returns at once: `wait_ready` waits. Canaries are Knative's.
        """
        if canary is not None and self.mode != KNATIVE:
            raise ServiceFailed(
                f"InferenceService {self.name} runs in mode {self.mode}: only Knative "
                "divides requests between an old and a new model"
            )
        return self._patch(
            {"canaryTrafficPercent": canary, "model": {"storageUri": model_uri(uri)}}
        )

    def promote(self) -> InferenceService:
        """Give all requests to the canary; `state.traffic` tells when they go there."""
        return self._patch({"canaryTrafficPercent": None})

    def roll_back(self) -> InferenceService:
        """Give all requests to the model before this one, which is kept as a canary of 0 percent.

        Also after `promote`: Knative keeps the revision that had all requests before.
        """
        if self.mode != KNATIVE:
            raise ServiceFailed(
                f"InferenceService {self.name} runs in mode {self.mode}: "
                "only Knative keeps the model before; update it to the old one"
            )
        return self._patch({"canaryTrafficPercent": 0})

    def scale(self, least: int, most: int | None = None) -> InferenceService:
        """Let it have between `least` and `most` replicas; 0 is for Knative alone."""
        check_replicas(least, most)
        if least == 0 and self.mode != KNATIVE:
            raise ServiceFailed(
                f"InferenceService {self.name} runs in mode {self.mode}: "
                "only Knative starts a pod for the next request after there was none"
            )
        return self._patch({"minReplicas": least, "maxReplicas": most})

    def wait_idle(self, timeout: float | None = None) -> InferenceService:
        """Wait until it has no pods left, which Knative sees to after a minute or two of rest."""
        wait_until(
            lambda: self._look().workload.pods or (),
            lambda pods: not pods,
            deadline=self._access.deadline(timeout),
            what=f"InferenceService {self.namespace}/{self.name} to scale to zero",
            describe=lambda pods: f"{len(pods)} pods",
            evidence=self.evidence,
        )
        return self

    def _patch(self, predictor: Mapping[str, Any]) -> InferenceService:
        metadata = self._owned().metadata
        body = {
            # Refused if another service has taken the name since we looked.
            "metadata": {"uid": metadata["uid"]},
            "spec": {"predictor": dict(predictor)},
        }
        self._access.at(self.name).patch(body)
        return self

    def _owned(self) -> ServiceState:
        """Its state, if it is ours. Raises PermissionDenied for somebody else's."""
        state = self.state
        self._access.at(self.name).check_ours(state.metadata)
        return state

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until it and its pods are gone; one that is not there is fine."""
        try:
            uid = self._owned().metadata["uid"]
            self._access.at(self.name).delete(uid, propagation="Foreground")
        except NotFound:
            pass
        if wait:
            wait_until(
                self._remains,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"InferenceService {self.namespace}/{self.name} to be gone",
                evidence=self.evidence,
            )

    def _remains(self) -> str:
        try:
            state = self.state
        except NotFound:
            workload = Workload.read(self._access.cluster.kubernetes, self.namespace, self.name)
            return ", ".join(f"pod {pod.metadata.name}" for pod in workload.pods or ())
        holders = ", ".join(state.metadata.get("finalizers") or ()) or "nothing"
        return f"the service itself, held by {holders}"

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: conditions, logs, pods, events."""
        state: ServiceState | None
        try:
            state = self.state
        except KubeflowError:
            state = None
        return service_evidence(self._access.cluster.kubernetes, self.namespace, self.name, state)
