"""An embedded cluster in which notebooks are made by hand, as custom resources."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import Endpoints
from tests.local.webapps.conftest import cluster, other, owner

__all__ = ["cluster", "other", "owner"]

GROUP, PLURAL = "kubeflow.org", "notebooks"
# What answers at the port of a notebook, and nothing else: a start takes a tenth of a second.
SMALL = {
    "image": "python:3.11",
    "command": ["python3", "-c"],
    "args": [
        "import http.server, os, signal, socket\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
        "class Answer(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        body = (os.environ.get('KERNELS') or self.path).encode()\n"
        "        self.send_response(200)\n"
        "        self.send_header('content-length', str(len(body)))\n"
        "        for name in ('x-root', 'kubeflow-userid'):\n"
        "            self.send_header('seen-' + name, self.headers.get(name, ''))\n"
        "        self.end_headers()\n"
        "        self.wfile.write(body)\n"
        "here = socket.gethostbyname(socket.gethostname())\n"
        "http.server.ThreadingHTTPServer((here, 8888), Answer).serve_forever()\n"
    ],
}


@dataclass
class Notebooks:
    """A namespace's notebooks, by the Kubernetes API."""

    endpoints: Endpoints
    core: Any
    apps: Any
    custom: Any
    names: Iterator[int]

    @property
    def namespace(self) -> str:
        return self.endpoints.namespace

    def create(
        self,
        container: dict[str, Any] | None = None,
        *,
        name: str = "",
        version: str = "v1",
        pod: dict[str, Any] | None = None,
        **metadata: Any,
    ) -> str:
        """Make one; returns its name."""
        name = name or f"nb-{next(self.names)}"
        spec = {"containers": [{"name": name, **(container or SMALL)}], **(pod or {})}
        body = {
            "apiVersion": f"{GROUP}/{version}",
            "kind": "Notebook",
            "metadata": {"name": name, **metadata},
            "spec": {"template": {"spec": spec}},
        }
        self.custom.create_namespaced_custom_object(GROUP, version, self.namespace, PLURAL, body)
        return name

    def get(self, name: str, version: str = "v1") -> dict[str, Any]:
        found: dict[str, Any] = self.custom.get_namespaced_custom_object(
            GROUP, version, self.namespace, PLURAL, name
        )
        return found

    def patch(self, name: str, body: dict[str, Any]) -> None:
        self.custom.patch_namespaced_custom_object(GROUP, "v1", self.namespace, PLURAL, name, body)

    def annotate(self, name: str, **annotations: str | None) -> None:
        renamed = {key.replace("_", "-"): value for key, value in annotations.items()}
        self.patch(name, {"metadata": {"annotations": renamed}})

    def delete(self, name: str, propagation: str = "Background") -> None:
        self.custom.delete_namespaced_custom_object(
            GROUP, "v1", self.namespace, PLURAL, name, propagation_policy=propagation
        )

    def is_ready(self, name: str) -> bool:
        return bool((self.get(name).get("status") or {}).get("readyReplicas") == 1)

    def pods(self, name: str) -> list[Any]:
        selector = f"notebook-name={name}"
        return list(self.core.list_namespaced_pod(self.namespace, label_selector=selector).items)

    def events(self, name: str) -> dict[str, str]:
        """What was told at the Notebook: messages by their reasons."""
        selector = f"involvedObject.kind=Notebook,involvedObject.name={name}"
        listed = self.core.list_namespaced_event(self.namespace, field_selector=selector).items
        return {one.reason: one.message for one in listed}

    def route(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.custom.get_namespaced_custom_object(
            "networking.istio.io",
            "v1",
            self.namespace,
            "virtualservices",
            f"notebook-{self.namespace}-{name}",
        )
        return found

    def path(self, name: str, rest: str = "") -> str:
        return f"/notebook/{self.namespace}/{name}/{rest}"


@pytest.fixture(scope="package")
def notebooks(cluster: Endpoints) -> Iterator[Notebooks]:
    from kubernetes import client, config

    with config.new_client_from_config(str(cluster.kubeconfig)) as api:
        yield Notebooks(
            cluster,
            client.CoreV1Api(api),
            client.AppsV1Api(api),
            client.CustomObjectsApi(api),
            itertools.count(1),
        )
