"""TrainingRuntime: what an administrator has laid down for TrainJobs: pods, images, restarts.

Defaults: kubernetes-sigs/jobset pkg/webhooks/jobset_webhook.go (restartPolicy OnFailure),
kubernetes pkg/apis/batch/v1/defaults.go (backoffLimit 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.objects.custom_object import CustomKind

CLUSTER_RUNTIME = CustomKind(
    "ClusterTrainingRuntime", "trainer.kubeflow.org", "v1alpha1", "clustertrainingruntimes"
)
RUNTIME = CustomKind("TrainingRuntime", "trainer.kubeflow.org", "v1alpha1", "trainingruntimes")

_STEP = "trainer.kubeflow.org/trainjob-ancestor-step"
_BACKOFF_LIMIT = 6


@dataclass(frozen=True)
class TrainingRuntime:
    """A TrainingRuntime, or one of the whole cluster, as the API gave it."""

    object: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.object["metadata"]["name"])

    @property
    def kind(self) -> str:
        """TrainingRuntime or ClusterTrainingRuntime."""
        found = self.object["metadata"].get("namespace")
        return RUNTIME.name if found else CLUSTER_RUNTIME.name

    @property
    def _template(self) -> Mapping[str, Any]:
        spec = self.object.get("spec") or {}
        found: Mapping[str, Any] = (spec.get("template") or {}).get("spec") or {}
        return found

    @property
    def jobs(self) -> dict[str, Mapping[str, Any]]:
        """Its replicated jobs, by name."""
        return {str(one["name"]): one for one in self._template.get("replicatedJobs") or ()}

    @property
    def trainer(self) -> str:
        """The name of the replicated job that trains."""
        for name, job in self.jobs.items():
            labels = ((job.get("template") or {}).get("metadata") or {}).get("labels") or {}
            if labels.get(_STEP) == "trainer":
                return name
        return next(iter(self.jobs), "")

    @property
    def image(self) -> str:
        """That of its trainer's program."""
        containers: list[Any] = self._pod.get("containers") or [{}]
        return str(containers[0].get("image") or "")

    @property
    def is_torch(self) -> bool:
        """Whether it gives nodes the ranks that torchrun reads."""
        return "torch" in ((self.object.get("spec") or {}).get("mlPolicy") or {})

    @property
    def restart_policy(self) -> str:
        """Of its trainer's pods: OnFailure, where programs are started again in their pod."""
        return str(self._pod.get("restartPolicy") or "OnFailure")

    @property
    def backoff_limit(self) -> int:
        """How many failures of pods and programs its trainer's Job takes."""
        return int(self._job.get("backoffLimit", _BACKOFF_LIMIT))

    @property
    def restarts(self) -> int:
        """How often all nodes are begun anew after a Job has failed."""
        return int((self._template.get("failurePolicy") or {}).get("maxRestarts") or 0)

    @property
    def _job(self) -> Mapping[str, Any]:
        job = self.jobs.get(self.trainer) or {}
        found: Mapping[str, Any] = (job.get("template") or {}).get("spec") or {}
        return found

    @property
    def _pod(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self._job.get("template") or {}).get("spec") or {}
        return found


def cluster_runtimes(kubernetes: KubernetesClient) -> list[TrainingRuntime]:
    """Those of the whole cluster, which every user may read."""
    kind = CLUSTER_RUNTIME
    with calling(f"list the {kind.name}s"):
        found = kubernetes.custom.list_cluster_custom_object(kind.group, kind.version, kind.plural)
    return [TrainingRuntime(one) for one in found.get("items") or ()]


def cluster_runtime(kubernetes: KubernetesClient, name: str) -> TrainingRuntime:
    """One of them. Raises NotFound, with those that there are."""
    there = {one.name: one for one in cluster_runtimes(kubernetes)}
    if name not in there:
        raise NotFound(
            f"there is no {CLUSTER_RUNTIME.name} {name}; there are {', '.join(there) or 'none'}"
        )
    return there[name]


def stricter(
    runtime: TrainingRuntime,
    *,
    restart_policy: str = "Never",
    backoff_limit: int = 0,
    restarts: int = 0,
) -> dict[str, Any]:
    """The spec of a runtime that is the same, and starts again what fails as often as this."""
    import copy

    spec: dict[str, Any] = copy.deepcopy(dict(runtime.object.get("spec") or {}))
    template = spec["template"]["spec"]
    template.pop("failurePolicy", None)
    if restarts:
        template["failurePolicy"] = {"maxRestarts": restarts}
    for job in template["replicatedJobs"]:
        inner = job["template"]["spec"]
        inner["backoffLimit"] = backoff_limit
        inner["template"]["spec"]["restartPolicy"] = restart_policy
    return spec
