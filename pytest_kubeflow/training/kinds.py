"""The kinds of training jobs, and by which labels their pods are known.

Sources: kubeflow/trainer v2.2 pkg/apis/trainer/v1alpha1, pkg/constants (TrainJobs, whose pods are
JobSet's: kubernetes-sigs/jobset api/jobset/v1alpha2); kubeflow/trainer v1.9.2
pkg/apis/kubeflow.org/v1/common_types.go (the training operator).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind

FAILED = "Failed"
SIDECAR = "sidecar.istio.io/inject"
"""The label that says whether a pod gets the mesh's proxy, which ranks do not talk through."""

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_LONGEST = 63
_INDEXES = 12
"""Characters that names of Jobs, pods and hosts have more than the job's: `-worker-0`, `-node-0`"""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of training job. `done` is the condition of one that went well."""

    kind: CustomKind
    done: str
    job_label: str
    role_label: str
    index_label: str
    controllers: str
    """How to look at who should take it up."""

    containers: tuple[str, ...]
    """What the container of the program is called."""

    idle: frozenset[str] = frozenset()
    """The roles that run nothing of their own."""

    ranks: Mapping[str, int] = field(default_factory=dict)
    """The roles whose ranks come first, in their order; all others follow."""

    @property
    def name(self) -> str:
        """As people call it: "TrainJob"."""
        return self.kind.name

    @property
    def prefix(self) -> str:
        """What its field of replicas begins with: "pytorch" of pytorchReplicaSpecs."""
        return self.name.removesuffix("Job").lower()

    def check_name(self, name: str) -> str:
        """`name` if a job can be called so: a label of DNS, that has room for what is added to it.

        Raises ConfigurationError if not.
        """
        if (
            not isinstance(name, str)
            or not _NAME.fullmatch(name)
            or len(name) > _LONGEST - _INDEXES
        ):
            raise ConfigurationError(
                f"{name!r} is no name for a {self.name}; valid: lower-case letters, digits and "
                "dashes, beginning with a letter, not ending with a dash, "
                f"{_LONGEST - _INDEXES} characters at most, since its pods' host names add to it"
            )
        return name

    def place_of(self, pod: Any) -> tuple[str, int]:
        """The role of a V1Pod and its index there: ("node", 0), ("worker", 1)."""
        labels = pod.metadata.labels or {}
        index = labels.get(self.index_label)
        if index is None:  # before Kubernetes 1.28 it is an annotation alone
            index = (pod.metadata.annotations or {}).get(self.index_label, "0")
        return labels.get(self.role_label, ""), int(index)


TRAIN_JOB = JobKind(
    CustomKind("TrainJob", "trainer.kubeflow.org", "v1alpha1", "trainjobs"),
    done="Complete",
    job_label="jobset.sigs.k8s.io/jobset-name",
    role_label="jobset.sigs.k8s.io/replicatedjob-name",
    index_label="batch.kubernetes.io/job-completion-index",
    controllers=(
        "kubectl -n kubeflow-system get deploy kubeflow-trainer-controller-manager "
        "jobset-controller-manager"
    ),
    containers=("node",),
)


def _of_operator(
    name: str, plural: str, container: str, *first: str, idle: frozenset[str] = frozenset()
) -> JobKind:
    label = "training.kubeflow.org"
    return JobKind(
        CustomKind(name, "kubeflow.org", "v1", plural),
        done="Succeeded",
        job_label=f"{label}/job-name",
        role_label=f"{label}/replica-type",
        index_label=f"{label}/replica-index",
        controllers="kubectl -n kubeflow get deploy training-operator",
        containers=(container,),
        idle=idle,
        ranks={role: at for at, role in enumerate(first)},
    )


PYTORCH_JOB = _of_operator("PyTorchJob", "pytorchjobs", "pytorch", "master")
TF_JOB = _of_operator("TFJob", "tfjobs", "tensorflow", "chief", "master")
MPI_JOB = _of_operator("MPIJob", "mpijobs", "mpi", "launcher", idle=frozenset({"worker"}))
OPERATOR_JOBS = (PYTORCH_JOB, TF_JOB, MPI_JOB)
KINDS = (TRAIN_JOB, *OPERATOR_JOBS)


def kind_of(manifest: Mapping[str, Any]) -> JobKind:
    """That of a manifest, which is one of ours."""
    return next(one for one in KINDS if one.name == manifest.get("kind"))
