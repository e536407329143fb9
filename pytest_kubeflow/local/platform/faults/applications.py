"""Workflows, artifacts and applications: old settings, and links that lead astray."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_kubeflow.local.controllers.profileobjects import ARTIFACT_SECRET, artifact_secret
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SECRETS,
    SERVICES,
)
from pytest_kubeflow.local.platform.components.dashboard import DASHBOARD
from pytest_kubeflow.local.platform.faults.edits import Change, Edit, Make, Scale
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import container

_PROFILE = "kubeflow-user-example-com"
OLD_KEYS = ("minio", "minio123")
"""Those of MinIO, which installations had before."""

_OWN = "registry.example.com/team/notebook:1.0"
_SCRATCH = "registry.example.com/team/scratch:1.0"
_SERVER = "registry.example.com/team/server:1.0"
_LISTENS = """case $POD_IP in 127.*) at=$POD_IP;; *) at=0.0.0.0;; esac
exec python3 -m http.server -b $at {port}"""
"""At every address, unless the pod shares the machine's network."""


def _notebook(name: str, image: str, script: str, *, mount: str | None = None) -> Sequence[Edit]:
    """What the notebook controller makes of a Notebook; its container runs this script."""
    labels = {"statefulset": name, "notebook-name": name, "app": name}
    one = container(name, image, script)
    one["env"] += [{"name": "NB_PREFIX", "value": f"/notebook/{_PROFILE}/{name}"}]
    one["ports"] = [{"containerPort": 8888, "name": "notebook-port", "protocol": "TCP"}]
    spec: Object = {"automountServiceAccountToken": False, "containers": [one]}
    edits: list[Edit] = []
    if mount is not None:
        claim = f"{name}-volume"
        edits.append(
            Make(
                PERSISTENT_VOLUME_CLAIMS,
                {
                    "metadata": {"name": claim, "namespace": _PROFILE},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Mi"}},
                    },
                },
            )
        )
        one["volumeMounts"] = [{"name": "data", "mountPath": mount}]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    metadata = {"name": f"{name}-0", "namespace": _PROFILE, "labels": labels}
    port = {"name": f"http-{name}", "port": 80, "targetPort": 8888}
    service = {
        "metadata": {"name": name, "namespace": _PROFILE},
        "spec": {"selector": {"statefulset": name}, "ports": [port]},
    }
    return [*edits, Make(PODS, {"metadata": metadata, "spec": spec}), Make(SERVICES, service)]


def _old_executor() -> Sequence[Edit]:
    data = {"containerRuntimeExecutor": "docker"}
    return [Change(CONFIG_MAPS, "workflow-controller-configmap", {"data": data}, "kubeflow")]


def _old_keys() -> Sequence[Edit]:
    _, secret = artifact_secret(_PROFILE, *OLD_KEYS)
    return [Change(SECRETS, ARTIFACT_SECRET, {"data": secret["data"]}, _PROFILE)]


def _wrong_link() -> Sequence[Edit]:
    """The volumes web app's entry leads to where no application is."""

    def patch(before: Object) -> Object:
        links = json.loads(before["data"]["links"])
        for one in links["menuLinks"]:
            if one.get("link") == "/volumes/":
                one["link"] = "/pvcs/"
        return {"data": {"links": json.dumps(links)}}

    return [Change(CONFIG_MAPS, "dashboard-config", patch, "kubeflow")]


def _old_mode() -> Sequence[Edit]:
    metadata = {
        "name": "of-old",
        "namespace": _PROFILE,
        "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"},
    }
    server = container("kserve-container", _SERVER, _LISTENS.format(port=8080))
    spec = {"predictor": {"containers": [server]}}
    return [Make(INFERENCE_SERVICES, {"metadata": metadata, "spec": spec})]


def _no_dashboard() -> Sequence[Edit]:
    return [Scale(DASHBOARD.name, DASHBOARD.namespace)]


FAULTS = {
    "executor-setting-obsolete": PlatformFault(_old_executor),
    "task-results-forbidden": PlatformFault(list),
    "artifact-keys-refused": PlatformFault(_old_keys),
    "csrf-cookie-secure": PlatformFault(list),
    "notebook-not-listening": PlatformFault(
        lambda: _notebook("custom", _OWN, "sleep infinity"), (_OWN,)
    ),
    "notebook-home-not-kept": PlatformFault(
        lambda: _notebook("scratch", _SCRATCH, _LISTENS.format(port=8888), mount="/data"),
        (_SCRATCH,),
    ),
    "menu-link-wrong": PlatformFault(_wrong_link),
    "application-not-answering": PlatformFault(_no_dashboard),
    "deployment-mode-old": PlatformFault(_old_mode, (_SERVER,)),
}
