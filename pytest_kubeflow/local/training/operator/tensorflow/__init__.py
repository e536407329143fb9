"""TFJobs: replicas that know by TF_CONFIG where all others are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import TF_JOBS
from pytest_kubeflow.local.training.operator.framework import Event, Look, replicas_of
from pytest_kubeflow.local.training.operator.replicas import ReplicaFramework
from pytest_kubeflow.local.training.operator.tensorflow.environment import tf_config
from pytest_kubeflow.local.training.operator.tensorflow.names import (
    CONTAINER,
    KINDS,
    LEADERS,
    PORT,
    PORT_NAME,
    WORKER,
)
from pytest_kubeflow.local.training.operator.tensorflow.verdict import judge


class TensorFlowFramework(ReplicaFramework):
    """Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/tensorflow."""

    resource = TF_JOBS
    container, port_name, port = CONTAINER, PORT_NAME, PORT
    default_restart = "Never"
    kinds = KINDS

    def leads(self, job: Object, kind: str, index: int) -> bool:
        if LEADERS & replicas_of(job).keys():
            return kind in LEADERS
        return kind == WORKER and index == 0

    def equip(self, job: Object, kind: str, index: int, pod: Object, faults: Faults) -> None:
        replicas = replicas_of(job)
        if sum(replicas[one]["replicas"] for one in KINDS if one in replicas) == 1:  # it is alone
            return
        text = tf_config(job, kind, index, self.port_of, faults)
        container = next(one for one in pod["containers"] if one["name"] == CONTAINER)
        variable = {"name": "TF_CONFIG", "value": text}
        container["env"] = [*(container.get("env") or []), variable]

    def judge(self, look: Look) -> Iterator[Event]:
        yield from judge(look, self.exit_code)
