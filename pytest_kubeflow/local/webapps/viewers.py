"""Viewers of the volumes web app: what one is made of, how it fares, whose pods are one's.

Source: crud-web-apps/volumes of kubeflow/notebooks 1.11 (backend/apps/common/viewer.py, status.py,
manifests/base/viewer-spec.yaml).
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object

_IMAGE = "filebrowser/filebrowser:v2.32.0"
_NAME_LABEL = "app.kubernetes.io/name"
_PORT = 8080


def viewer_of(name: str, namespace: str) -> Object:
    """The PVCViewer for a claim; it has the claim's name."""
    env = {
        "FB_ADDRESS": "0.0.0.0",  # noqa: S104 of its pod
        "FB_PORT": str(_PORT),
        "FB_DATABASE": "/tmp/filebrowser.db",  # noqa: S108 in its pod
        "FB_NOAUTH": "true",
        "FB_BASEURL": f"/pvcviewers/{namespace}/{name}/",
    }
    container = {
        "name": "main",
        "image": _IMAGE,
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "readinessProbe": {
            "tcpSocket": {"port": _PORT},
            "initialDelaySeconds": 2,
            "periodSeconds": 10,
        },
        "volumeMounts": [{"name": "viewer-volume", "mountPath": "/srv"}],
        "workingDir": "/srv",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    volume = {"name": "viewer-volume", "persistentVolumeClaim": {"claimName": name}}
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "pvc": name,
            "podSpec": {
                "serviceAccountName": "default-editor",
                "containers": [container],
                "volumes": [volume],
            },
            "networking": {
                "targetPort": _PORT,
                "basePrefix": "/pvcviewers",
                "rewrite": "/",
                "timeout": "30s",
            },
            "rwoScheduling": True,
        },
    }


def shown(viewer: Object | None) -> Object:
    """What the app's table says of a claim's viewer."""
    if viewer is None:
        return {"status": "uninitialized", "url": None}
    status = viewer.get("status") or {}
    phase = "ready" if status.get("ready") else "waiting"
    if viewer["metadata"].get("deletionTimestamp"):
        phase = "terminating"
    return {"status": phase, "url": status.get("url")}


def viewer_name(pod: Object) -> str | None:
    """The viewer that a pod is taken for: every pod with this label is taken for one's."""
    name: str | None = (pod["metadata"].get("labels") or {}).get(_NAME_LABEL)
    return name


def notebooks_with(claim: str, notebooks: list[Object]) -> list[str]:
    """Names of the Notebooks that mount a claim. Raises KeyError for one without volumes."""
    return [
        one["metadata"]["name"]
        for one in notebooks
        # The real one takes it for granted that each has volumes.
        for volume in one["spec"]["template"]["spec"]["volumes"] or []
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim
    ]
