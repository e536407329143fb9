"""An embedded cluster in which experiments are made by hand, as custom resources."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import Endpoints
from tests.local.webapps.conftest import cluster, core, eventually, other, owner

__all__ = ["cluster", "core", "other", "owner"]

GROUP, VERSION = "kubeflow.org", "v1beta1"
FAULTS = ("embedded-faults", "kube-system")
# What costs a millisecond. The objective is known, so that all that Katib says can be checked. It
# is one command: Katib's redirection is put behind the last one.
SCRIPT = (
    r'printf "Train-accuracy=0.%s1\naccuracy=0.%s\n" '
    "${trialParameters.layers} ${trialParameters.layers}"
)

Experiment = dict[str, Any]
Fault = Callable[[str], AbstractContextManager[None]]


def experiment(
    script: str = SCRIPT, *, container: dict[str, Any] | None = None, **spec: Any
) -> Experiment:
    """An experiment whose trials run a shell script; fields of its spec replace others."""
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        container
                        or {
                            "name": "training-container",
                            "image": "busybox",
                            "command": ["sh", "-c", script],
                        }
                    ],
                }
            },
        },
    }
    made: Experiment = {
        "objective": {
            "type": "maximize",
            "objectiveMetricName": "accuracy",
            "additionalMetricNames": ["Train-accuracy"],
        },
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": 2,
        "maxTrialCount": 3,
        "maxFailedTrialCount": 2,
        "parameters": [
            {
                "name": "num-layers",
                "parameterType": "int",
                "feasibleSpace": {"min": "2", "max": "9"},
            }
        ],
        "trialTemplate": {
            "primaryContainerName": "training-container",
            "retain": True,
            "trialParameters": [{"name": "layers", "reference": "num-layers"}],
            "trialSpec": job,
        },
    }
    return {"metadata": {}, "spec": {**made, **copy.deepcopy(spec)}}


@dataclass
class Katib:
    """A namespace's experiments, by the Kubernetes API."""

    endpoints: Endpoints
    core: Any
    batch: Any
    apps: Any
    custom: Any
    names: Iterator[int]
    namespace: str

    def create(self, body: Experiment | None = None, *, name: str = "", **spec: Any) -> str:
        """Make one, of `body` or with these fields of its spec; returns its name."""
        assert body is None or not spec
        body = experiment(**spec) if body is None else copy.deepcopy(body)
        name = name or f"exp-{next(self.names)}"
        body |= {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Experiment"}
        body["metadata"] |= {"name": name, "namespace": self.namespace}
        self.custom.create_namespaced_custom_object(
            GROUP, VERSION, self.namespace, "experiments", body
        )
        return name

    def get(self, name: str, plural: str = "experiments") -> dict[str, Any]:
        found: dict[str, Any] = self.custom.get_namespaced_custom_object(
            GROUP, VERSION, self.namespace, plural, name
        )
        return found

    def trials(self, name: str) -> list[dict[str, Any]]:
        """Those of an experiment."""
        found: list[dict[str, Any]] = self.custom.list_namespaced_custom_object(
            GROUP,
            VERSION,
            self.namespace,
            "trials",
            label_selector=f"katib.kubeflow.org/experiment={name}",
        )["items"]
        return found

    def patch(self, name: str, patch: dict[str, Any]) -> None:
        self.custom.patch_namespaced_custom_object(
            GROUP, VERSION, self.namespace, "experiments", name, patch
        )

    def delete(self, name: str, plural: str = "experiments") -> None:
        self.custom.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, name)

    def ended(self, name: str) -> dict[str, Any]:
        """Wait until it has ended; its status."""

        def done() -> bool:
            found = self.conditions(self.get(name))
            return bool({"Succeeded", "Failed"} & {one[0] for one in found if one[1] == "True"})

        eventually(done)
        status: dict[str, Any] = self.get(name)["status"]
        return status

    def conditions(self, obj: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Type, status and reason of each."""
        found = (obj.get("status") or {}).get("conditions") or []
        return [(one["type"], one["status"], one["reason"]) for one in found]

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reason and message of each event about the object of this name."""
        selector = f"involvedObject.name={name}"
        found = self.core.list_namespaced_event(self.namespace, field_selector=selector).items
        return [(one.reason, one.message) for one in found]

    def deployments(self, name: str) -> list[str]:
        """Those of an experiment; a suggestion that has failed keeps its own, as Katib has it."""
        items = self.apps.list_namespaced_deployment(self.namespace).items
        return [one.metadata.name for one in items if one.metadata.name.startswith(f"{name}-")]

    def pods_of_job(self, name: str) -> list[Any]:
        selector = f"batch.kubernetes.io/job-name={name}"
        found: list[Any] = self.core.list_namespaced_pod(
            self.namespace, label_selector=selector
        ).items
        return found

    def pods(self, trial: str) -> list[Any]:
        selector = f"katib.kubeflow.org/trial={trial}"
        found: list[Any] = self.core.list_namespaced_pod(
            self.namespace, label_selector=selector
        ).items
        return found


@pytest.fixture(scope="package")
def katib(cluster: Endpoints) -> Iterator[Katib]:
    from kubernetes import client, config

    api = config.new_client_from_config(str(cluster.kubeconfig))
    yield Katib(
        cluster,
        client.CoreV1Api(api),
        client.BatchV1Api(api),
        client.AppsV1Api(api),
        client.CustomObjectsApi(api),
        itertools.count(),
        cluster.namespace,
    )
    api.close()


@pytest.fixture
def fault(core: Any) -> Fault:
    """Switches a fault on meanwhile."""

    @contextmanager
    def on(name: str) -> Iterator[None]:
        def in_effect() -> bool:
            found = core.read_namespaced_config_map(*FAULTS).metadata.annotations or {}
            return name in found.get("kubeflow.local/in-effect", "").split(",")

        body = {"metadata": {"name": FAULTS[0]}, "data": {name: "on"}}
        core.create_namespaced_config_map(FAULTS[1], body)
        try:
            eventually(in_effect)
            yield
        finally:
            core.delete_namespaced_config_map(*FAULTS)

    return on
