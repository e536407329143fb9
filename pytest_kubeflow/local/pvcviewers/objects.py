"""What is made of a PVCViewer: a Deployment, a Service, a VirtualService.

Rules: kubeflow/notebooks 1.11, components/pvcviewer-controller/controllers/pvcviewer_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object

_PREFIX = "pvcviewer-"
_PART_OF = "app.kubernetes.io/part-of"
_PART = "pvc-viewer"
_GATEWAY = "kubeflow/kubeflow-gateway"
_PORT = 80


def name_of(viewer: Object) -> str:
    """The name of all that is made of it."""
    return f"{_PREFIX}{viewer['metadata']['name']}"


def labels_of(viewer: Object) -> dict[str, str]:
    """By which its pods are found, and known as a viewer's."""
    return {
        "app.kubernetes.io/name": viewer["metadata"]["name"],
        "app.kubernetes.io/instance": name_of(viewer),
        _PART_OF: _PART,
    }


def networking_of(viewer: Object) -> Object | None:
    """How it is to be reached; None where it says nothing of that."""
    found: Object = viewer["spec"].get("networking") or {}
    return found if any(found.values()) else None


def url_of(viewer: Object) -> str | None:
    """The path at which the gateway shows it; None where it is not to be shown."""
    metadata, networking = viewer["metadata"], networking_of(viewer)
    if networking is None:
        return None
    prefix = networking.get("basePrefix", "")
    return f"{prefix}/{metadata['namespace']}/{metadata['name']}/"


def deployment_of(viewer: Object, affinity: Object | None) -> Object:
    """One pod, which is gone before the next comes: claims may be one node's alone.

    How many pods it has later on is left as it is.
    """
    labels = labels_of(viewer)
    pod = {**(viewer["spec"].get("podSpec") or {})}
    if affinity:
        pod["affinity"] = affinity
    return {
        "metadata": _metadata(viewer, labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service_of(viewer: Object) -> Object:
    """Its Service."""
    labels = labels_of(viewer)
    target = viewer["spec"]["networking"].get("targetPort", 0)
    port = {"name": "http", "port": _PORT, "protocol": "TCP", "targetPort": target}
    spec = {"type": "ClusterIP", "selector": labels, "ports": [port]}
    return {"metadata": _metadata(viewer, labels), "spec": spec}


def virtual_service_of(viewer: Object) -> Object:
    """Its way through the gateway."""
    networking, prefix = viewer["spec"]["networking"], url_of(viewer)
    host = f"{name_of(viewer)}.{viewer['metadata']['namespace']}.svc.cluster.local"
    route: Object = {
        "match": [{"uri": {"prefix": prefix}}],
        "rewrite": {"uri": networking.get("rewrite") or prefix},
        "route": [{"destination": {"host": host, "port": {"number": _PORT}}}],
        "timeout": networking.get("timeout") or None,
    }
    return {
        "metadata": _metadata(viewer, labels_of(viewer)),
        "spec": {"hosts": ["*"], "gateways": [_GATEWAY], "http": [route]},
    }


def affinity_to(claim: Object | None, pods: Iterable[Object]) -> Object | None:
    """To the one node on which a claim is used that one node at a time may use."""
    if claim is None or claim["spec"].get("accessModes") != ["ReadWriteOnce"]:
        return None
    metadata = claim["metadata"]
    nodes = [
        pod["spec"].get("nodeName", "")
        for pod in pods
        if pod["metadata"]["namespace"] == metadata["namespace"]
        and (pod["metadata"].get("labels") or {}).get(_PART_OF) != _PART
        for volume in pod["spec"].get("volumes") or []
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == metadata["name"]
    ]
    if len(nodes) != 1 or not nodes[0]:
        return None
    term = {"key": "kubernetes.io/hostname", "operator": "In", "values": nodes}
    preferred = {"weight": 100, "preference": {"matchExpressions": [term]}}
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}


def _metadata(viewer: Object, labels: dict[str, str]) -> Object:
    return {
        "name": name_of(viewer),
        "namespace": viewer["metadata"]["namespace"],
        "labels": labels,
        "ownerReferences": [controller_reference(viewer)],
    }
