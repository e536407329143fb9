"""A platform with a fault switched on, and what it was like before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.faults import CONFIG_MAP
from tests.cluster.remote import wait_until

_KINDS = (
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/configmaps",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/secrets",
    "/api/v1/services",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiregistration.k8s.io/v1/apiservices",
    "/apis/apps/v1/deployments",
    "/apis/batch/v1/jobs",
    "/apis/cert-manager.io/v1/certificates",
    "/apis/kubeflow.org/v1/profiles",
    "/apis/networking.istio.io/v1/destinationrules",
    "/apis/networking.istio.io/v1/gateways",
    "/apis/networking.istio.io/v1/virtualservices",
    "/apis/security.istio.io/v1/authorizationpolicies",
    "/apis/security.istio.io/v1/peerauthentications",
    "/apis/security.istio.io/v1/requestauthentications",
    "/apis/storage.k8s.io/v1/storageclasses",
)
_MARK = CONFIG_MAP[1]


class Platform:
    """What tests ask of the cluster."""

    def __init__(self, kubernetes: KubernetesClient, host: str) -> None:
        self.kubernetes = kubernetes
        self.core = kubernetes.core
        self.apps = kubernetes.apps
        self.host = host

    def get(self, path: str) -> Any:
        """What the API server answers to a path."""
        response, *_ = self.core.api_client.call_api(
            path, "GET", auth_settings=["BearerToken"], _preload_content=False
        )
        return json.loads(response.data)

    def pods(self, app: str, namespace: str = "kubeflow") -> list[Any]:
        """The pods of a component."""
        found = self.core.list_namespaced_pod(namespace).items
        return [one for one in found if one.metadata.name.startswith(f"{app}-")]

    def waiting(self, app: str, namespace: str = "kubeflow") -> list[tuple[str, str]]:
        """Reason and message of the containers of a component that wait."""
        return [
            (each.state.waiting.reason, each.state.waiting.message or "")
            for one in self.pods(app, namespace)
            for each in one.status.container_statuses or []
            if each.state.waiting is not None
        ]

    def log(self, app: str, container: str, *, previous: bool = False) -> str:
        """What the pods of a component have written."""
        text = ""
        for pod in self.pods(app):
            try:
                text += self.core.read_namespaced_pod_log(
                    pod.metadata.name, "kubeflow", container=container, previous=previous
                )
            except ApiException as error:
                text += str(error)
        return text

    def conditions(self, name: str, namespace: str = "kubeflow") -> dict[str, Any]:
        """The conditions of a Deployment."""
        found = self.apps.read_namespaced_deployment(name, namespace).status.conditions or []
        return {one.type: one for one in found}

    def switch(self, fault: str, value: str | None) -> None:
        """Switch a fault on (`on`) or off (None)."""
        namespace, name = CONFIG_MAP
        body = {"metadata": {"name": name}, "data": {fault: value}}
        try:
            self.core.patch_namespaced_config_map(name, namespace, body)
        except ApiException as error:
            if error.status != 404:
                raise
            self.core.create_namespaced_config_map(namespace, body)

    def content(self) -> dict[str, Any]:
        """What there is, without what the cluster itself notes of it."""
        return {
            f"{path} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}": _content(
                one
            )
            for path in _KINDS
            for one in self.get(path)["items"]
            if one["metadata"]["name"] != _MARK
        }

    def unready(self) -> list[str]:
        """Deployments that have not what they ask for, and Services that lead nowhere."""
        lonely = [
            one["metadata"]["name"]
            for one in self.get("/api/v1/endpoints")["items"]
            if not any(subset.get("addresses") for subset in one.get("subsets") or ())
        ]
        return lonely + [
            one.metadata.name
            for one in self.apps.list_deployment_for_all_namespaces().items
            if one.status.ready_replicas != one.spec.replicas
            or one.status.updated_replicas != one.spec.replicas
            or one.status.replicas != one.spec.replicas
        ]

    @contextmanager
    def broken(self, fault: str) -> Iterator[None]:
        """Meanwhile the fault is on; afterwards all is as it was."""
        before = self.content()
        self.switch(fault, "on")
        try:
            yield
        finally:
            self.switch(fault, None)
        after: dict[str, Any] = {}

        def whole() -> bool:
            after.clear()
            after.update(self.content())
            return after == before and not self.unready()

        try:
            wait_until(whole)
        except Exception as error:
            keys = {*before, *after}
            differing = {
                key: (before.get(key), after.get(key))
                for key in keys
                if before.get(key) != after.get(key)
            }
            raise AssertionError(f"{differing}, unready: {self.unready()}") from error


def _content(obj: Any) -> Any:
    metadata = obj["metadata"]
    labels = metadata.get("labels"), metadata.get("finalizers")
    status = {"metadata", "status", "kind", "apiVersion"}
    return labels, {key: value for key, value in obj.items() if key not in status and value}
