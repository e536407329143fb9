"""What is made of a Tensorboard: a Deployment, a Service, a VirtualService.

Rules: components/tensorboard-controller/controllers/tensorboard_controller.go of kubeflow/notebooks
1.11, mistakes included.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.tensorboards.settings import TensorboardSettings

PORT, _SERVICE_PORT = 6006, 80
_CLAIM, _LOGS = "pvc://", "/tensorboard_logs/"
_GOOGLE, _CLOUD = "gs://", ("gs://", "s3://", "/cns/")
_OLD_CLAIM = "tb-volume"
_VOLUME = "tbpd"


def claim_of(tensorboard: Object) -> str | None:
    """The claim whose files it shows; None where its logs are in a bucket."""
    path: str = tensorboard["spec"]["logspath"]
    if path.startswith(_CLOUD):
        return None
    if not path.startswith(_CLAIM):
        return _OLD_CLAIM  # as older ones had it
    return path.removeprefix(_CLAIM).partition("/")[0]


def deployment_of(tensorboard: Object, settings: TensorboardSettings, affinity: Object) -> Object:
    """Its Deployment: one pod with TensorBoard, whose logs nobody can write to."""
    metadata = tensorboard["metadata"]
    name, path = metadata["name"], tensorboard["spec"]["logspath"]
    logs = _LOGS if path.startswith(_CLAIM) else path
    volume, mount = _volume(tensorboard, logs)
    container: Object = {
        "name": "tensorboard",
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/local/bin/tensorboard"],
        "workingDir": "/",
        "args": [f"--logdir={logs}", "--bind_all"],
        "ports": [{"containerPort": PORT}],
        **({"volumeMounts": [mount]} if mount else {}),
    }
    spec: Object = {
        "affinity": affinity,
        "restartPolicy": "Always",
        "containers": [container],
        **({"volumes": [volume]} if volume else {}),
    }
    labels = {**(metadata.get("labels") or {}), "app": name}
    return {
        "metadata": _metadata(tensorboard),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def service_of(tensorboard: Object) -> Object:
    """Its Service."""
    name = tensorboard["metadata"]["name"]
    port = {"name": f"http-{name}", "port": _SERVICE_PORT, "targetPort": PORT}
    spec = {"type": "ClusterIP", "selector": {"app": name}, "ports": [port]}
    return {"metadata": _metadata(tensorboard), "spec": spec}


def virtual_service_of(tensorboard: Object, settings: TensorboardSettings) -> Object:
    """Its way through the gateway."""
    metadata = tensorboard["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    destination = {
        "host": f"{name}.{namespace}.svc.cluster.local",
        "port": {"number": _SERVICE_PORT},
    }
    route = {
        "match": [{"uri": {"prefix": f"/tensorboard/{namespace}/{name}/"}}],
        "rewrite": {"uri": "/"},
        "route": [{"destination": destination}],
        "timeout": "300s",
    }
    return {
        "metadata": _metadata(tensorboard),
        "spec": {
            "hosts": [settings.istio_host],
            "gateways": [settings.istio_gateway],
            "http": [route],
        },
    }


def affinity_to(claim: Object, pods: Iterable[Object]) -> Object:
    """To the node of the first running pod that uses a claim which one node at a time may use.

    Its own pod counts as well: once that runs, the next look gives it another template, and a
    Deployment that has another template makes another pod.
    """
    if ((claim.get("status") or {}).get("accessModes") or [""])[0] != "ReadWriteOnce":
        return {}
    metadata = claim["metadata"]
    for pod in pods:
        if (
            pod["metadata"]["namespace"] == metadata["namespace"]
            and (pod.get("status") or {}).get("phase") == "Running"
            and metadata["name"] in _claims(pod)
        ):
            return _preferring(pod["spec"].get("nodeName", ""))
    return {}


def _preferring(node: str) -> Object:
    if not node:
        return {}
    term = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    preferred = {"weight": 100, "preference": {"matchExpressions": [term]}}
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}


def _claims(pod: Object) -> list[str]:
    sources = [one.get("persistentVolumeClaim") for one in pod["spec"].get("volumes") or []]
    return [source["claimName"] for source in sources if source]


def _volume(tensorboard: Object, logs: str) -> tuple[Object | None, Object | None]:
    path: str = tensorboard["spec"]["logspath"]
    if (claim := claim_of(tensorboard)) is not None:
        mount: Object = {"name": _VOLUME, "readOnly": True, "mountPath": logs}
        below = path.removeprefix(_CLAIM).partition("/")[2] if path.startswith(_CLAIM) else ""
        if below:
            mount["subPath"] = below
        return {"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim}}, mount
    if path.startswith(_GOOGLE):
        secret = {"name": "gcp-creds", "secret": {"secretName": "user-gcp-sa"}}
        return secret, {"name": "gcp-creds", "readOnly": True, "mountPath": "/secret/gcp"}
    return None, None


def _metadata(tensorboard: Object) -> Object:
    metadata = tensorboard["metadata"]
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "ownerReferences": [controller_reference(tensorboard)],
    }
