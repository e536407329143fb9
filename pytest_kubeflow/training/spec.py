"""JobSpec: a training job built from what its nodes run; and the checks before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.training.checks import (
    check_arguments,
    check_count,
    check_env,
    check_resources,
    check_words,
)
from pytest_kubeflow.training.kinds import (
    MPI_JOB,
    PYTORCH_JOB,
    SIDECAR,
    TF_JOB,
    TRAIN_JOB,
    JobKind,
)
from pytest_kubeflow.training.podfields import PodFields
from pytest_kubeflow.training.program import (
    Helper,
    check_command,
    function_program,
    python_command,
)

TORCH = "torch-distributed"
"""The runtime of Trainer that gives nodes their ranks."""

_OF_TRAINER = frozenset({"runtime", "runtime_kind", "replicated_jobs", "processes"})


@dataclass(frozen=True)
class JobSpec:
    """A job whose nodes all run the same: a Python function or a command.

    What the function returns is printed as JSON. `sidecars`: False asks the mesh for none, None
    leaves it to the namespace; ranks do not reach each other's ports through one.
    """

    work: Callable[..., Any] | Sequence[str]
    nodes: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)
    helpers: Sequence[Helper] = ()
    """Modules, classes and functions that the function uses."""

    image: str | None = None
    """None: that of the runtime."""

    env: Mapping[str, Any] = field(default_factory=dict)
    """Texts, or what a variable's `valueFrom` has: {"fieldRef": {"fieldPath": "metadata.name"}}."""

    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "100m", "memory": "128Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "1", "memory": "512Mi"})
    packages: Sequence[str] = ()
    """What is installed before the function is called."""

    index_urls: Sequence[str] = ()
    torchrun: bool = False
    """Whether the function is started by torchrun, once for each process."""

    sidecars: bool | None = False
    suspend: bool = False
    runtime: str = TORCH
    runtime_kind: str = "ClusterTrainingRuntime"
    replicated_jobs: Sequence[str] = ("node",)
    """Those of the runtime whose pods are ours to label."""

    processes: int | None = None
    """On each node, for torchrun; None: as many as it has CPUs or GPUs."""

    deadline: int | None = None
    """Seconds after which it fails. Trainer 2.2 knows it; the training operator notices it when
    something else happens to the job alone."""

    def __post_init__(self) -> None:
        # Trainer takes a job of no nodes, and calls it complete before anything was done.
        check_count("nodes", self.nodes, what="a job has one node at least")
        if self.processes is not None:
            check_count("processes", self.processes, what="so many are there on each node")
        if self.deadline is not None:
            check_count("deadline", self.deadline, what="it is in seconds")
        check_arguments(self.arguments)
        check_env(self.env)
        check_resources(self.requests, self.limits)
        for name in ("packages", "index_urls", "replicated_jobs"):
            check_words(name, getattr(self, name))
        if isinstance(self.helpers, str) or not isinstance(self.helpers, Sequence):
            raise ConfigurationError(
                f"helpers is a list, not {self.helpers!r}: write helpers=[...]"
            )

    def command(self) -> list[str]:
        """What a node runs."""
        if callable(self.work):
            program = function_program(
                self.work,
                self.arguments,
                helpers=self.helpers,
                packages=self.packages,
                index_urls=self.index_urls,
            )
            return python_command(program, torchrun=self.torchrun)
        if self.arguments or self.helpers or self.packages:
            raise ConfigurationError(
                "arguments, helpers and packages are for a function; a command has its own"
            )
        if self.torchrun:
            raise ConfigurationError(
                'torchrun=True is for a function; a command begins with it: ["torchrun", ...]'
            )
        return check_command(self.work)

    def train_job(
        self, name: str, namespace: str, labels: Mapping[str, str], pods: PodFields
    ) -> dict[str, Any]:
        """A TrainJob, with the fields of a release of Trainer."""
        trainer: dict[str, Any] = {
            "command": self.command(),
            "numNodes": self.nodes,
            "resourcesPerNode": self._resources(),
        }
        optional = {"image": self.image, "numProcPerNode": self.processes, "env": self._env()}
        trainer |= {key: value for key, value in optional.items() if value}
        runtime = {"name": self.runtime, "kind": self.runtime_kind}
        spec: dict[str, Any] = {"runtimeRef": runtime, "trainer": trainer}
        if self.suspend:
            spec["suspend"] = True
        if self.deadline is not None:
            spec["activeDeadlineSeconds"] = self.deadline
        if self.sidecars is not None:
            spec |= pods.labelled(self.replicated_jobs, self._sidecar_label())
        return _object(TRAIN_JOB.kind.api_version, TRAIN_JOB.name, name, namespace, labels, spec)

    def operator_job(
        self,
        kind: JobKind,
        name: str,
        namespace: str,
        labels: Mapping[str, str],
        default_image: str,
    ) -> dict[str, Any]:
        """A job of the training operator: so many nodes, in the roles that its kind has.

        Of an MPIJob the launcher alone runs the work, and there are so many workers besides.
        """
        self._check_operator(kind)
        container: dict[str, Any] = {
            "name": kind.containers[0],
            "image": self.image or default_image,
            "imagePullPolicy": "IfNotPresent",
            "resources": self._resources(),
        }
        if env := self._env():
            container["env"] = env
        works = {**container, "command": self.command()}
        roles = {
            PYTORCH_JOB.name: {"Master": (1, works), "Worker": (self.nodes - 1, works)},
            TF_JOB.name: {"Worker": (self.nodes, works)},
            MPI_JOB.name: {"Launcher": (1, works), "Worker": (self.nodes, container)},
        }[kind.name]
        replicas = {
            role: {
                "replicas": count,
                "restartPolicy": "Never",
                "template": self._pod(one, idle=role.lower() in kind.idle),
            }
            for role, (count, one) in roles.items()
            if count
        }
        # With a backoffLimit the operator removes its pods, and their logs, when it is reached.
        policy: dict[str, Any] = {"cleanPodPolicy": "None"}
        if self.suspend:
            policy["suspend"] = True
        if self.deadline is not None:
            policy["activeDeadlineSeconds"] = self.deadline
        spec = {"runPolicy": policy, f"{kind.prefix}ReplicaSpecs": replicas}
        return _object(kind.kind.api_version, kind.name, name, namespace, labels, spec)

    def _check_operator(self, kind: JobKind) -> None:
        """Raise ConfigurationError for what the training operator has nothing like."""
        for one in fields(self):
            given = getattr(self, one.name)
            if one.name in _OF_TRAINER and given != one.default:
                raise ConfigurationError(
                    f"{one.name}={given!r} is for TrainJobs: a {kind.name} knows no runtimes"
                )

    def _pod(self, container: Mapping[str, Any], *, idle: bool) -> dict[str, Any]:
        # What does nothing by itself has nothing to end either.
        seconds = 1 if idle else 5
        template: dict[str, Any] = {
            "spec": {"containers": [dict(container)], "terminationGracePeriodSeconds": seconds}
        }
        if self.sidecars is not None:
            template["metadata"] = {"labels": self._sidecar_label()}
        return template

    def _resources(self) -> dict[str, Any]:
        return {"requests": dict(self.requests), "limits": dict(self.limits)}

    def _env(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "value": value}
            if isinstance(value, str)
            else {"name": name, "valueFrom": value}
            for name, value in self.env.items()
        ]

    def _sidecar_label(self) -> dict[str, str]:
        return {SIDECAR: "true" if self.sidecars else "false"}


def _object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    spec: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": dict(spec),
    }
