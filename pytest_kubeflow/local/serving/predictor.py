"""The pod of a predictor, put together from the InferenceService and its runtime.

Rules: kserve/kserve components/predictor.go (buildPodSpec) and reconcilers/deployment
(setDefaultPodSpec).
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.containers import container_of, fill_in, merge
from pytest_kubeflow.local.serving.errors import InvalidSpecError, ReconcileError
from pytest_kubeflow.local.serving.names import (
    CONTAINER,
    INFERENCE_SERVICE_LABEL,
    INITIALIZER,
    MODEL_PATH,
)
from pytest_kubeflow.local.serving.runtimes import Runtime, model_of

_PORT = 8080
# Of a ServingRuntime's or a predictor's spec, what belongs to the pod.
_POD_FIELDS = (
    "affinity",
    "hostIPC",
    "imagePullSecrets",
    "nodeSelector",
    "securityContext",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "tolerations",
    "volumes",
)
_HIDDEN_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "autoscaling.knative.dev/min-scale",
    "autoscaling.knative.dev/max-scale",
)


def pod_template(service: Object, runtime: Runtime | None) -> Object:
    """Metadata and spec of the predictor's pods. `runtime` is None for custom containers.

    Raises InvalidSpecError, ReconcileError.
    """
    predictor = service["spec"]["predictor"]
    base = runtime.spec if runtime is not None else {}
    spec: dict[str, Any] = {
        key: value
        for source in (base, predictor)
        for key, value in source.items()
        if key in _POD_FIELDS
    }
    spec["containers"] = _containers(service, runtime)
    for container in spec["containers"]:
        name = {"name": "INFERENCE_SERVICE_NAME", "value": service["metadata"]["name"]}
        container["env"] = [*(container.get("env") or []), name]
        if container["name"] == CONTAINER:
            container.setdefault("readinessProbe", _probe(container))
    return {"metadata": _metadata(service, base), "spec": spec}


def storage_uri(service: Object) -> str | None:
    """Where the model is; for custom containers KServe reads it from their environment."""
    predictor = service["spec"]["predictor"]
    model = model_of(predictor)
    if model is not None:
        uri = model.get("storageUri")
        return str(uri) if uri is not None else None
    for container in predictor.get("containers") or []:
        for one in container.get("env") or []:
            if one.get("name") == "STORAGE_URI" and one.get("value"):
                return str(one["value"])
    return None


def with_initializer(template: Object, initializer: Object) -> Object:
    """The template with the storage initializer before its containers, and the model in them."""
    spec = template["spec"]
    volume = "kserve-provision-location"
    return {
        **template,
        "spec": {
            **spec,
            "initContainers": [
                {
                    **initializer,
                    "name": INITIALIZER,
                    "volumeMounts": [{"name": volume, "mountPath": MODEL_PATH}],
                }
            ],
            "containers": _mounted(spec["containers"], {"name": volume}),
            "volumes": [*(spec.get("volumes") or []), {"name": volume, "emptyDir": {}}],
        },
    }


def with_claim(template: Object, uri: str) -> Object:
    """The template with `pvc://claim/path` at the place of the model. Raises ReconcileError."""
    claim, _, path = uri.removeprefix("pvc://").partition("/")
    if not claim:
        raise ReconcileError(f"Invalid URI must be pvc://<pvcname>/[path]: {uri}")
    spec = template["spec"]
    volume = "kserve-pvc-source"
    source = {"claimName": claim, "readOnly": False}
    mount = {"name": volume, **({"subPath": path} if path else {})}
    return {
        **template,
        "spec": {
            **spec,
            "containers": _mounted(spec["containers"], mount),
            "volumes": [
                *(spec.get("volumes") or []),
                {"name": volume, "persistentVolumeClaim": source},
            ],
        },
    }


def _mounted(containers: list[Object], mount: Object) -> list[Object]:
    added = {**mount, "mountPath": MODEL_PATH, "readOnly": True}
    mounted = []
    for container in containers:
        if container["name"] == CONTAINER:
            environment = [
                {**one, "value": MODEL_PATH} if one.get("name") == "STORAGE_URI" else one
                for one in container.get("env") or []
            ]
            mounts = [*(container.get("volumeMounts") or []), added]
            container = {**container, "env": environment, "volumeMounts": mounts}  # noqa: PLW2901
        mounted.append(container)
    return mounted


def _containers(service: Object, runtime: Runtime | None) -> list[Object]:
    predictor = service["spec"]["predictor"]
    own: list[Object] = [dict(one) for one in predictor.get("containers") or []]
    if runtime is None:
        if not own:
            raise InvalidSpecError(
                "InvalidPredictorSpec",
                "Exactly one predictor has to be set",
                "the predictor has neither a model nor containers",
            )
        # KServe gives the first container of a custom predictor its own name.
        own[0] = {**own[0], "name": CONTAINER}
        return own
    model = model_of(predictor) or {}
    containers = [dict(one) for one in runtime.spec.get("containers") or []]
    main = next((one for one in containers if one["name"] == CONTAINER), None)
    if main is None:
        raise InvalidSpecError(
            "InvalidPredictorSpec",
            "No container configuration found in selected serving runtime",
            "No container configuration found in selected serving runtime",
        )
    merged = merge(main, container_of(model))
    others = [one for one in containers if one["name"] != CONTAINER]
    return [fill_in(merged, service["metadata"], runtime.name), *others, *own]


def _probe(container: Object) -> Object:
    ports = container.get("ports") or []
    port = ports[0]["containerPort"] if ports else _PORT
    return {
        "tcpSocket": {"port": port},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def _metadata(service: Object, runtime: Object) -> Object:
    own, predictor = service["metadata"], service["spec"]["predictor"]
    annotations = {
        **(runtime.get("annotations") or {}),
        **(own.get("annotations") or {}),
        **(predictor.get("annotations") or {}),
    }
    return {
        "labels": {
            **(runtime.get("labels") or {}),
            **(own.get("labels") or {}),
            **(predictor.get("labels") or {}),
            INFERENCE_SERVICE_LABEL: own["name"],
            "component": "predictor",
        },
        "annotations": {
            key: value for key, value in annotations.items() if key not in _HIDDEN_ANNOTATIONS
        },
    }
