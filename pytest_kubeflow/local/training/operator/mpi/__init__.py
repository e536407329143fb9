"""MPIJobs: a launcher that starts its processes in workers, by `kubectl exec`.

There is no ssh: mpirun is told to start its processes by a script, which is beside a list of the
workers in a ConfigMap. The launcher has an account that may enter these pods.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import MPI_JOBS, PODS
from pytest_kubeflow.local.training.operator.framework import Event, Look
from pytest_kubeflow.local.training.operator.mpi.making import Making
from pytest_kubeflow.local.training.operator.mpi.names import LAUNCHER, WORKER
from pytest_kubeflow.local.training.operator.mpi.validation import refusal
from pytest_kubeflow.local.training.operator.mpi.verdict import judge


class MpiFramework:
    """Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/mpi."""

    resource = MPI_JOBS
    made = (PODS,)

    def with_defaults(self, job: Object) -> Object:
        changed = copy.deepcopy(job)
        spec: Object = changed["spec"]
        policy = spec.setdefault("runPolicy", {})
        if policy.get("cleanPodPolicy") is None:
            policy["cleanPodPolicy"] = spec.get("cleanPodPolicy") or "None"
        replicas = spec["mpiReplicaSpecs"]
        for kind, number in ((LAUNCHER, 1), (WORKER, 0)):
            if kind in replicas:
                replicas[kind].setdefault("replicas", number)
                replicas[kind]["restartPolicy"] = replicas[kind].get("restartPolicy") or "Never"
        return changed

    def refusal(self, job: Object) -> str:
        return refusal(job)

    async def make(self, look: Look) -> None:
        await Making(look).run()

    def judge(self, look: Look) -> Iterator[Event]:
        yield from judge(look)
