"""PodDefaults: what the platform's webhook adds to pods that have a label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.pods.template import ContainerSpec, PodTemplate, pod_manifest
from pytest_kubeflow.k8s.sessions.made import MADE

GROUP, VERSION, PLURAL = "kubeflow.org", "v1alpha1", "poddefaults"
PIPELINES = "access-ml-pipeline"
"""The label of pods that get a token for Kubeflow Pipelines, as Kubeflow's documents call it."""

_FOLDER = "/var/run/secrets/kubeflow/pipelines"
_TOKEN = {
    "env": [{"name": "KF_PIPELINES_SA_TOKEN_PATH", "value": f"{_FOLDER}/token"}],
    "volumeMounts": [{"mountPath": _FOLDER, "name": "volume-kf-pipeline-token", "readOnly": True}],
    "volumes": [
        {
            "name": "volume-kf-pipeline-token",
            "projected": {
                "sources": [
                    {
                        "serviceAccountToken": {
                            "audience": "pipelines.kubeflow.org",
                            "expirationSeconds": 7200,
                            "path": "token",
                        }
                    }
                ]
            },
        }
    ],
}


@dataclass(frozen=True, slots=True)
class PodDefault:
    """One: pods whose `label` is "true" have what it says."""

    name: str
    label: str


class PodDefaultMaker:
    """Makes them in one namespace, and removes them. `made` are those that it made."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self.made: list[PodDefault] = []

    @staticmethod
    def is_served(cluster: Cluster) -> bool:
        """Whether the cluster has them."""
        return f"{PLURAL}.{GROUP}" in cluster.capabilities.custom_resources

    def __call__(self, spec: Mapping[str, Any], *, label: str | None = None) -> PodDefault:
        """Make one: `spec` without a selector, such as {"env": [{"name": ..., "value": ...}]}."""
        name = self._cluster.ownership.name("poddefault")
        made = PodDefault(name, label or name)
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "PodDefault",
            "metadata": {"name": name, "labels": self._cluster.ownership.labels()},
            "spec": {
                "desc": f"made by a test: {name}",
                "selector": {"matchLabels": {made.label: "true"}},
                **spec,
            },
        }
        with calling(f"create PodDefault {self._namespace}/{name}"):
            self._cluster.kubernetes.custom.create_namespaced_custom_object(
                GROUP, VERSION, self._namespace, PLURAL, body
            )
        MADE.add("poddefault")
        self.made.append(made)
        return made

    def pipelines(self) -> PodDefault:
        """The one that gives pods a token for the pipelines, which is made unless it is there."""
        with calling(f"list PodDefaults in {self._namespace}"):
            listed = self._cluster.kubernetes.custom.list_namespaced_custom_object(
                GROUP, VERSION, self._namespace, PLURAL
            )["items"]
        for one in listed:
            selector = (one["spec"].get("selector") or {}).get("matchLabels") or {}
            if PIPELINES in selector:
                return PodDefault(one["metadata"]["name"], PIPELINES)
        return self(_TOKEN, label=PIPELINES)

    def admitted(self, labels: Mapping[str, str]) -> Any:
        """A V1Pod with these labels, as the cluster would make it; it makes none.

        Raises AdmissionRefused or KubeflowError with the words of who refuses it.
        """
        settings = self._cluster.config.kubernetes
        name = self._cluster.ownership.name("admitted")
        container = ContainerSpec("main", settings.base_image, ["true"], {})
        manifest = pod_manifest(
            name,
            labels={**self._cluster.ownership.labels(), **labels},
            containers=[container],
            template=PodTemplate.of(settings),
        )
        with calling(f"create pod {self._namespace}/{name}"):
            return self._cluster.kubernetes.core.create_namespaced_pod(
                self._namespace, manifest, dry_run="All"
            )

    def close(self) -> None:
        """Remove them."""
        while self.made:
            name = self.made.pop().name
            try:
                with calling(f"delete PodDefault {self._namespace}/{name}"):
                    self._cluster.kubernetes.custom.delete_namespaced_custom_object(
                        GROUP, VERSION, self._namespace, PLURAL, name
                    )
            except NotFound:
                continue
