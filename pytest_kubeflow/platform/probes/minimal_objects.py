"""The smallest objects of the kinds that webhooks guard: valid ones, of which none is ever made.

What no one here knows is asked for with a name and nothing else: its schema may refuse that before
a validating webhook is asked, but not before a mutating one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import flag, items, text
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS

NAME = "pytest-kubeflow-dry-run"

_IMAGE = "registry.example/none"
_CONTAINER = {
    "name": "main",
    "image": _IMAGE,
    "resources": {
        "requests": {"cpu": "10m", "memory": "16Mi"},
        "limits": {"cpu": "10m", "memory": "16Mi"},
    },
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
_POD = {"restartPolicy": "Never", "containers": [_CONTAINER]}
_TEMPLATE = {"spec": _POD}
_JOB = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": _TEMPLATE}}


@dataclass(frozen=True)
class Resource:
    """A kind of objects, with what one of them needs beside its name."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a CRD is called."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str) -> str:
        """Where one is made."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else self.path_of(root)

    def path_of(self, root: str) -> str:
        """The same of what is in no namespace."""
        return f"{root}/{self.plural}"

    def made(self, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """One with these labels."""
        api = f"{self.group}/{self.version}" if self.group else self.version
        metadata: dict[str, Any] = {"name": NAME}
        if namespace:
            metadata["namespace"] = namespace
        if labels:
            metadata["labels"] = dict(labels)
        return {"apiVersion": api, "kind": self.kind, "metadata": metadata, **self.fields}


_MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://none/none"}
_TUNING = {
    "objective": {"type": "minimize", "objectiveMetricName": "loss"},
    "algorithm": {"algorithmName": "random"},
    "maxTrialCount": 1,
    "parallelTrialCount": 1,
    "maxFailedTrialCount": 1,
    "parameters": [
        {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}
    ],
    "trialTemplate": {
        "primaryContainerName": "main",
        "trialParameters": [{"name": "x", "reference": "x"}],
        "trialSpec": {
            **_JOB,
            "spec": {
                "template": {
                    "spec": {
                        **_POD,
                        "containers": [{**_CONTAINER, "args": ["${trialParameters.x}"]}],
                    }
                }
            },
        },
    },
}
_JOBS = [{"name": "main", "replicas": 1, "template": {"spec": {"template": _TEMPLATE}}}]
_SPARK = {
    "type": "Python",
    "mode": "cluster",
    "image": _IMAGE,
    "sparkVersion": "3.5.5",
    "mainApplicationFile": "local:///none.py",
    "driver": {"cores": 1, "memory": "512m"},
    "executor": {"instances": 1, "cores": 1, "memory": "512m"},
}
_CLAIM = {
    "pvc": "none",
    "podSpec": _POD,
    "networking": {"targetPort": 8080, "basePrefix": "/none", "timeout": "30s"},
}
_ISSUER = {"name": "none", "kind": "Issuer"}

KNOWN: Mapping[str, Resource] = {
    one.name: one
    for one in (
        Resource("", "v1", "pods", "Pod", fields={"spec": _POD}),
        Resource("", "v1", "configmaps", "ConfigMap"),
        Resource("batch", "v1", "jobs", "Job", fields={"spec": _JOB["spec"]}),
        Resource("kubeflow.org", "v1beta1", "experiments", "Experiment", fields={"spec": _TUNING}),
        Resource(
            "kubeflow.org", "v1", "notebooks", "Notebook", fields={"spec": {"template": _TEMPLATE}}
        ),
        Resource("kubeflow.org", "v1alpha1", "pvcviewers", "PVCViewer", fields={"spec": _CLAIM}),
        Resource(
            "trainer.kubeflow.org",
            "v1alpha1",
            "trainjobs",
            "TrainJob",
            fields={"spec": {"runtimeRef": {"name": "torch-distributed"}}},
        ),
        Resource(
            "jobset.x-k8s.io",
            "v1alpha2",
            "jobsets",
            "JobSet",
            fields={"spec": {"replicatedJobs": _JOBS}},
        ),
        Resource(
            "serving.kserve.io",
            "v1beta1",
            "inferenceservices",
            "InferenceService",
            fields={"spec": {"predictor": {"model": _MODEL}}},
        ),
        Resource(
            "serving.knative.dev",
            "v1",
            "services",
            "Service",
            fields={"spec": {"template": {"spec": {"containers": [{"image": _IMAGE}]}}}},
        ),
        Resource(
            "sparkoperator.k8s.io",
            "v1beta2",
            "sparkapplications",
            "SparkApplication",
            fields={"spec": _SPARK},
        ),
        Resource(
            "cert-manager.io",
            "v1",
            "certificates",
            "Certificate",
            fields={"spec": {"secretName": NAME, "dnsNames": ["none.svc"], "issuerRef": _ISSUER}},
        ),
        Resource(
            "networking.istio.io",
            "v1",
            "destinationrules",
            "DestinationRule",
            fields={"spec": {"host": "none.example"}},
        ),
    )
}
"""Those whose objects are known, by their names."""


def resource_of(snapshot: Snapshot, group: str, plural: str) -> Resource | None:
    """What is known of a resource, of the version that is stored; None for what is not served."""
    name = f"{plural}.{group}" if group else plural
    known = KNOWN.get(name)
    definition = snapshot.named(DEFINITIONS, name)
    if definition is None:
        return known if known is not None and name in snapshot.served else None
    versions = [one for one in items(definition, "spec", "versions") if flag(one, "served")]
    names = [text(one, "name") for one in versions]
    if known is not None and known.version in names:
        return known
    stored = next((text(one, "name") for one in versions if flag(one, "storage")), "")
    kind = text(definition, "spec", "names", "kind")
    version = stored or next(iter(names), "")
    if not version or not kind:
        return None
    namespaced = text(definition, "spec", "scope") != "Cluster"
    fields = known.fields if known is not None else {}
    return Resource(group, version, plural, kind, namespaced, fields)
