"""Standard mode: a Deployment, a Service and an Ingress for each predictor.

Rules: kserve/kserve reconcilers/deployment, service and ingress/kube_ingress_reconciler.go, and
PropagateRawStatus for what the Deployment's conditions mean.
"""

from __future__ import annotations

import re

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.conditions import Conditions
from pytest_kubeflow.local.serving.errors import ReconcileError
from pytest_kubeflow.local.serving.names import app_label, predictor_name, standard_host

_HTTP_PORT, _CONTAINER_PORT = 80, 8080
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+")


def deployment(service: Object, template: Object) -> Object:
    """The Deployment of the predictor; KServe's own defaults for the rollout."""
    name = predictor_name(service)
    metadata = template["metadata"]
    label = {"app": app_label(name)}
    predictor = service["spec"]["predictor"]
    return {
        "metadata": {
            "name": name,
            "labels": {**metadata["labels"], **label},
            "annotations": metadata["annotations"],
        },
        "spec": {
            "replicas": max(1, predictor.get("minReplicas") or 1),
            "selector": {"matchLabels": label},
            "template": {
                **template,
                "metadata": {**metadata, "labels": {**metadata["labels"], **label}},
            },
            "strategy": predictor.get("deploymentStrategy")
            or {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
    }


def service_of(service: Object, template: Object) -> Object:
    """The Service of the predictor: port 80 leads to the first port of its first container."""
    name = predictor_name(service)
    ports = template["spec"]["containers"][0].get("ports") or []
    first = ports[0] if ports else {}
    shown = [
        {
            "name": first.get("name") or name,
            "port": _HTTP_PORT,
            "targetPort": first.get("containerPort", _CONTAINER_PORT),
            "protocol": first.get("protocol", "TCP"),
        }
    ]
    shown += [
        {
            "name": port.get("name", ""),
            "port": port["containerPort"],
            "targetPort": port["containerPort"],
            "protocol": port.get("protocol", "TCP"),
        }
        for port in ports[1:]
    ]
    return {
        "metadata": {"name": name, "labels": template["metadata"]["labels"]},
        "spec": {"selector": {"app": app_label(name)}, "ports": shown},
    }


def ingress(service: Object) -> Object:
    """The Ingress of the InferenceService. Raises ReconcileError for names that are no host's."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    predictor = predictor_name(service)
    backend = {"service": {"name": predictor, "port": {"number": _HTTP_PORT}}}
    rules = []
    for one in (name, predictor):
        host = standard_host(one, namespace)
        if not _HOST.fullmatch(host):
            raise ReconcileError(
                f'invalid domain name "{host}": url: Invalid value: "{host}": labels must be no '
                "more than 63 characters"
            )
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        rules.append({"host": host, "http": {"paths": [path]}})
    return {
        "metadata": {"name": name, "annotations": service["metadata"].get("annotations") or {}},
        "spec": {"ingressClassName": "istio", "rules": rules},
    }


def tell_predictor(conditions: Conditions, made: Object) -> None:
    """Set PredictorReady by the conditions of the Deployment."""
    found = {one["type"]: one for one in (made.get("status") or {}).get("conditions") or []}
    available, progressing = found.get("Available", {}), found.get("Progressing", {})
    verdict: tuple[str, Object] = ("False", {})
    if available.get("status") == "True":
        verdict = ("True", available)
    if progressing.get("status") == "False" and progressing.get("message"):
        verdict = ("False", progressing)
    elif progressing.get("status") == "True":
        if progressing["reason"] == "NewReplicaSetAvailable":
            verdict = ("True", progressing)
        elif available.get("status") != "True":
            verdict = ("Unknown", progressing)
    if available.get("status") == "False":
        verdict = ("False", available)
    failure = found.get("ReplicaFailure", {})
    if failure.get("status") == "True":
        verdict = ("False", failure)
    status, source = verdict
    conditions.set("PredictorReady", status, source.get("reason", ""), source.get("message", ""))
