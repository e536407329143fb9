"""The webhooks of PVCViewers: an HTTPS server that fills in what an object leaves out.

Rules and words: components/pvcviewer-controller/api/v1alpha1/pvcviewer_webhook.go of
kubeflow/notebooks 1.11; what its Go types add was seen at the real one.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.webhooks.admission import allowed, changed, forbidden, review

DEFAULTING = "/mutate-kubeflow-org-v1alpha1-pvcviewer"
VALIDATING = "/validate-kubeflow-org-v1alpha1-pvcviewer"
_VOLUME, _FILES, _PORT = "viewer-volume", "/data", 8080


def viewers_webhook() -> Starlette:
    """An ASGI application for both."""

    async def default(request: Request) -> Response:
        return await review(request, _default)

    async def validate(request: Request) -> Response:
        return await review(request, _validate)

    return Starlette(
        routes=[
            Route(DEFAULTING, default, methods=["POST"]),
            Route(VALIDATING, validate, methods=["POST"]),
        ]
    )


def defaulted(viewer: Object, namespace: str) -> Object:
    """The viewer with everything that it leaves out."""
    spec = viewer["spec"]
    networking = {"targetPort": 0, "basePrefix": "", **(spec.get("networking") or {})}
    pod = spec.get("podSpec") or {
        "containers": [_container(viewer["metadata"]["name"], namespace, networking)],
        "volumes": [_volume(spec.get("pvc", ""))],
    }
    containers = {
        field: [{"resources": {}, **one} for one in pod[field]]
        for field in ("initContainers", "containers")
        if pod.get(field)
    }
    filled = {"rwoScheduling": False, **spec, "networking": networking}
    return {**viewer, "spec": {**filled, "podSpec": {**pod, **containers}}}


def refusal(spec: Object) -> str:
    """Why there can be no such viewer; empty if there can."""
    claim = spec.get("pvc", "")
    if not claim:
        return "PVC name must be specified"
    pod = spec.get("podSpec")
    if not pod:
        return "PodSpec must be specified"
    sources = [one.get("persistentVolumeClaim") or {} for one in pod.get("volumes") or []]
    if not any(source.get("claimName") == claim for source in sources):
        return f"PVC {claim} must be used in the podSpec"
    return ""


async def _default(asked: Object) -> Object:
    viewer = asked["object"]
    return changed(viewer, defaulted(viewer, asked.get("namespace", "")))


async def _validate(asked: Object) -> Object:
    why = refusal(asked["object"]["spec"])
    return forbidden(why) if why else allowed()


def _container(name: str, namespace: str, networking: Mapping[str, object]) -> Object:
    env = {
        "FB_ADDRESS": "0.0.0.0",  # noqa: S104 of its pod
        "FB_PORT": str(_PORT),
        "FB_DATABASE": "/tmp/filebrowser.db",  # noqa: S108 in its pod
        "FB_NOAUTH": "true",
        "FB_BASEURL": f"{networking['basePrefix']}/{namespace}/{name}/",
    }
    return {
        "name": "pvcviewer",
        "image": "filebrowser/filebrowser:latest",
        "ports": [{"containerPort": _PORT, "protocol": "TCP"}],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "workingDir": _FILES,
        "volumeMounts": [{"name": _VOLUME, "mountPath": _FILES}],
    }


def _volume(claim: str) -> Object:
    return {"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim}}
