"""What Katib makes of an experiment, as Kubernetes has it: Suggestion, Trials, Jobs and pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import last_refusal, message_of, visible_events
from pytest_kubeflow.katib.search_space import SearchParameter
from pytest_kubeflow.katib.spec import (
    COLLECTORS,
    EXPERIMENT_LABEL,
    GROUP,
    INJECTION_LABEL,
    SUGGESTIONS,
    TRIAL_LABEL,
    TRIALS,
    VERSION,
)
from pytest_kubeflow.katib.trial import Trial

_SUGGESTION_LABEL = "katib.kubeflow.org/suggestion"
_JOB_LABEL = "batch.kubernetes.io/job-name"
_WEBHOOK = "mutator.pod.katib.kubeflow.org"


@dataclass(frozen=True)
class ExperimentWorkload:
    """Of the experiment `name`. Whatever it tells is asked for when it is called."""

    kubernetes: KubernetesClient
    namespace: str
    name: str

    def trials(self, space: Mapping[str, SearchParameter]) -> list[Trial]:
        """Its trials as the API lists them, which is by name: so Katib goes through them."""
        with calling(f"list the trials of Experiment {self.namespace}/{self.name}"):
            found = self.kubernetes.custom.list_namespaced_custom_object(
                *(GROUP, VERSION, self.namespace, TRIALS),
                label_selector=f"{EXPERIMENT_LABEL}={self.name}",
            )
        return [Trial(one, space) for one in found.get("items") or ()]

    def suggestion(self) -> Mapping[str, Any] | None:
        """Its Suggestion; None if there is none."""
        return self._read(GROUP, VERSION, SUGGESTIONS, self.name)

    def job(self, trial: Trial) -> Mapping[str, Any] | None:
        """The Job (or whatever its template is of) of a trial; None if there is none."""
        run = (trial.object.get("spec") or {}).get("runSpec") or {}
        group, _, version = str(run.get("apiVersion") or "batch/v1").rpartition("/")
        return self._read(group, version, f"{run.get('kind') or 'Job'}s".lower(), trial.name)

    def _read(self, group: str, version: str, plural: str, name: str) -> Mapping[str, Any] | None:
        try:
            with calling(f"read {plural}.{group} {self.namespace}/{name}"):
                found: Mapping[str, Any] = self.kubernetes.custom.get_namespaced_custom_object(
                    group, version, self.namespace, plural, name
                )
        except NotFound:
            return None
        return found

    def suggestion_pods(self) -> list[Any]:
        """The V1Pods of its suggestion service."""
        return self._pods(f"{_SUGGESTION_LABEL}={self.name}")

    def suggestion_deployments(self) -> list[str]:
        """The names of the Deployments of its suggestion service."""
        selector = f"{_SUGGESTION_LABEL}={self.name}"
        with calling(f"list the Deployments of Experiment {self.namespace}/{self.name}"):
            found = self.kubernetes.apps.list_namespaced_deployment(
                self.namespace, label_selector=selector
            )
        return [one.metadata.name for one in found.items]

    def pods(self, trial: Trial) -> list[Any]:
        """The V1Pods of a trial: those of its Job, or those that Katib has labelled."""
        of_job = self._pods(f"{_JOB_LABEL}={trial.name}")
        return of_job or self._pods(f"{TRIAL_LABEL}={trial.name}")

    def _pods(self, selector: str) -> list[Any]:
        with calling(f"list the pods of Experiment {self.namespace}/{self.name}"):
            found = self.kubernetes.core.list_namespaced_pod(
                self.namespace, label_selector=selector
            )
        return list(found.items)

    def below(self) -> list[str]:
        """Jobs, Deployments and pods whose names begin with the experiment's, as "Job x"."""
        lists = {
            "Job": ("batch", "v1", "jobs"),
            "Deployment": ("apps", "v1", "deployments"),
        }
        found = []
        for kind, place in lists.items():
            group, version, plural = place
            with calling(f"list {plural} in namespace {self.namespace}"):
                listed = self.kubernetes.custom.list_namespaced_custom_object(
                    group, version, self.namespace, plural
                )
            found += [(kind, str(one["metadata"]["name"])) for one in listed.get("items") or ()]
        with calling(f"list pods in namespace {self.namespace}"):
            pods = self.kubernetes.core.list_namespaced_pod(self.namespace).items
        found += [("pod", pod.metadata.name) for pod in pods]
        return [f"{kind} {name}" for kind, name in found if name.startswith(f"{self.name}-")]

    def not_created(self, kind: str, name: str) -> str:
        """Why a controller can make no pod for it, in Kubernetes' words; empty if none says so."""
        return last_refusal(visible_events(self.kubernetes, self.namespace, kind=kind, name=name))

    def replica_sets(self) -> list[str]:
        """The names of the ReplicaSets of its suggestion service."""
        selector = f"{_SUGGESTION_LABEL}={self.name}"
        with calling(f"list the ReplicaSets of Experiment {self.namespace}/{self.name}"):
            found = self.kubernetes.apps.list_namespaced_replica_set(
                self.namespace, label_selector=selector
            )
        return [one.metadata.name for one in found.items]

    def warning(self, kind: str, name: str) -> str:
        """The last that Katib's controller could not do for it; empty if it says nothing."""
        events = visible_events(self.kubernetes, self.namespace, kind=kind, name=name)
        failed = [message_of(one) for one in events if one.reason == "ReconcileError"]
        return failed[-1] if failed else ""

    def injection(self) -> str:
        """The value of the namespace's label for Katib's collector; "?" if it may not be read."""
        try:
            with calling(f"read namespace {self.namespace}"):
                namespace = self.kubernetes.core.read_namespace(self.namespace)
        except KubeflowError:
            return "?"
        return str((namespace.metadata.labels or {}).get(INJECTION_LABEL) or "")

    def has_webhook(self) -> bool | None:
        """Whether Katib's webhook for pods is registered; None if that may not be read."""
        try:
            with calling("list the mutating webhooks"):
                found = self.kubernetes.custom.list_cluster_custom_object(
                    "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"
                )
        except KubeflowError:
            return None
        return any(
            webhook.get("name") == _WEBHOOK
            for one in found.get("items") or ()
            for webhook in one.get("webhooks") or ()
        )


def collector_of(pod: Any) -> str:
    """The name of Katib's sidecar in a pod; empty if it has none."""
    return next((one.name for one in pod.spec.containers if one.name in COLLECTORS), "")


def is_complete(job: Mapping[str, Any]) -> bool:
    """Whether a Job says that it has done its work."""
    return any(
        one.get("type") in {"Complete", "Succeeded"} and one.get("status") == "True"
        for one in (job.get("status") or {}).get("conditions") or ()
    )
