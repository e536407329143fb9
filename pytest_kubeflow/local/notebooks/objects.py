"""What is made of a Notebook: a StatefulSet, a Service, a VirtualService.

Rules: components/notebook-controller/controllers/notebook_controller.go and
reconcilehelper/util.go of kubeflow/notebooks 1.11, mistakes included.
"""

from __future__ import annotations

import copy
import json

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import format_quantity, parse_quantity
from pytest_kubeflow.local.notebooks.settings import NotebookSettings

STOPPED = "kubeflow-resource-stopped"
NAME_LABEL = "notebook-name"
_REWRITE = "notebooks.kubeflow.org/http-rewrite-uri"
_HEADERS = "notebooks.kubeflow.org/http-headers-request-set"
_NOT_COPIED = ("kubectl", "notebook")
_PORT, _SERVICE_PORT = 8888, 80
PREFIX = "NB_PREFIX"
_HOME = "/home/jovyan"
_GROUP = 100


def virtual_service_name(notebook: Object) -> str:
    """The name of its VirtualService."""
    metadata = notebook["metadata"]
    return f"notebook-{metadata['namespace']}-{metadata['name']}"


def stateful_set_of(notebook: Object, settings: NotebookSettings) -> Object:
    """Its StatefulSet: one pod, or none while the Notebook has the annotation that stops it."""
    metadata = notebook["metadata"]
    name, annotations = metadata["name"], metadata.get("annotations") or {}
    labels = {
        "statefulset": name,
        NAME_LABEL: name,
        **(metadata.get("labels") or {}),
    }
    copied = {
        key: value
        for key, value in annotations.items()
        if not any(word in key for word in _NOT_COPIED)
    }
    return {
        "metadata": _metadata(notebook, name),
        "spec": {
            "replicas": 0 if STOPPED in annotations else 1,
            "selector": {"matchLabels": {"statefulset": name}},
            "serviceName": "",
            "template": {
                "metadata": {"labels": labels, **({"annotations": copied} if copied else {})},
                "spec": _pod_spec(notebook, settings),
            },
        },
    }


def service_of(notebook: Object) -> Object:
    """Its Service, which leads to the first port of the first container."""
    name = notebook["metadata"]["name"]
    ports = _template(notebook)["containers"][0].get("ports")
    port = {
        "name": f"http-{name}",
        "port": _SERVICE_PORT,
        "targetPort": ports[0]["containerPort"] if ports is not None else _PORT,
        "protocol": "TCP",
    }
    spec = {"type": "ClusterIP", "selector": {"statefulset": name}, "ports": [port]}
    return {"metadata": _metadata(notebook, name), "spec": spec}


def virtual_service_of(notebook: Object, settings: NotebookSettings) -> Object:
    """Its way through the gateway."""
    metadata = notebook["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    annotations = metadata.get("annotations") or {}
    prefix = f"{prefix_of(notebook)}/"
    destination = {
        "host": f"{name}.{namespace}.svc.{settings.cluster_domain}",
        "port": {"number": _SERVICE_PORT},
    }
    route = {
        "headers": {"request": {"set": _request_headers(annotations.get(_HEADERS, ""))}},
        "match": [{"uri": {"prefix": prefix}}],
        "rewrite": {"uri": annotations.get(_REWRITE) or prefix},
        "route": [{"destination": destination}],
    }
    return {
        "metadata": _metadata(notebook, virtual_service_name(notebook)),
        "spec": {
            "hosts": [settings.istio_host],
            "gateways": [settings.istio_gateway],
            "http": [route],
        },
    }


def prefix_of(notebook: Object) -> str:
    """The path at which the gateway shows it, without a slash at the end."""
    metadata = notebook["metadata"]
    return f"/notebook/{metadata['namespace']}/{metadata['name']}"


def _metadata(notebook: Object, name: str) -> Object:
    return {
        "name": name,
        "namespace": notebook["metadata"]["namespace"],
        "ownerReferences": [controller_reference(notebook)],
    }


def _template(notebook: Object) -> Object:
    spec: Object = ((notebook.get("spec") or {}).get("template") or {}).get("spec") or {}
    return spec


def _pod_spec(notebook: Object, settings: NotebookSettings) -> Object:
    spec = copy.deepcopy(_template(notebook))
    container = spec["containers"][0]
    if not container.get("workingDir"):
        container["workingDir"] = _HOME
    if container.get("ports") is None:
        port = {"containerPort": _PORT, "name": "notebook-port", "protocol": "TCP"}
        container["ports"] = [port]
    # The real one means to overwrite what a user has set, and changes a copy.
    env = container.get("env") or []
    if not any(one["name"] == PREFIX for one in env):
        container["env"] = [*env, {"name": PREFIX, "value": prefix_of(notebook)}]
    for one in (*(spec.get("initContainers") or ()), *spec["containers"]):
        _write_canonically(one.get("resources") or {})
    if settings.add_fs_group and spec.get("securityContext") is None:
        spec["securityContext"] = {"fsGroup": _GROUP}
    return spec


def _write_canonically(resources: Object) -> None:
    """Let amounts be written as Go writes them: the real one reads them and writes them anew."""
    for field in ("limits", "requests"):
        for key, amount in (resources.get(field) or {}).items():
            resources[field][key] = format_quantity(parse_quantity(amount), like=str(amount))


def _request_headers(text: str) -> dict[str, str]:
    """Headers out of an annotation's JSON; none where that is no object of texts.

    Null is an empty text, as Go reads it into a map of texts.
    """
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    headers = {key: "" if value is None else value for key, value in found.items()}
    return headers if all(isinstance(one, str) for one in headers.values()) else {}
