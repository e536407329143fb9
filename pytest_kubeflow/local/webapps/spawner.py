"""The form by which notebooks are made: what it offers, and the Notebook that comes of it.

Rules and messages: crud-web-apps/jupyter/backend/apps (common/form.py, common/volumes.py,
default/routes/post.py) of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

import logging
import secrets
import string
from typing import Any

from pytest_kubeflow.local.bodies import parse_yaml
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from pytest_kubeflow.local.webapps.crud import RefusedError

log = logging.getLogger(__name__)

CONFIG, NAMESPACE = "jupyter-web-app-config-7bh4kmt2d9", "kubeflow"
SERVER_TYPE = "notebooks.kubeflow.org/server-type"
_HEADERS = "notebooks.kubeflow.org/http-headers-request-set"
_REWRITE = "notebooks.kubeflow.org/http-rewrite-uri"
_CREATOR = "notebooks.kubeflow.org/creator"
_SERVER_TYPES = ("jupyter", "group-one", "group-two")
_ACCOUNT = "default-editor"
_SUFFIX = string.ascii_lowercase + string.digits


async def read_config(client: KubeClient) -> Object:
    """What the form offers, as the app's ConfigMap has it. Raises ApiError, LookupError."""
    found = await client.get(CONFIG_MAPS, CONFIG, NAMESPACE)
    config: Object = parse_yaml(found["data"]["spawner_ui_config.yaml"].encode())
    defaults: Object = config["spawnerFormDefaults"]
    return defaults


class Form:
    """What was sent, read by what the form offers. Raises RefusedError where it does not fit.

    Whatever else is wrong with it raises what Python does, which the app tells as its own failure.
    """

    def __init__(self, body: Object, defaults: Object, *, namespace: str, user: str) -> None:
        self._body = body
        self._defaults = defaults
        # The name is put into a document in YAML, where not all words are texts.
        self.name = parse_yaml(f"name: {body['name']}".encode())["name"]
        self._namespace = namespace
        self._user = user

    def notebook(self) -> Object:
        """The Notebook, without its volumes but for shared memory."""
        annotations: dict[str, Any] = {SERVER_TYPE: "", _CREATOR: self._user}
        container: Object = {
            "name": self.name,
            "image": self._image(),
            "imagePullPolicy": self._value("imagePullPolicy"),
            "volumeMounts": [],
            "env": [],
            "resources": {"requests": {}},
        }
        spec: Object = {
            "serviceAccountName": _ACCOUNT,
            "containers": [container],
            "volumes": [],
            "tolerations": [],
        }
        labels: dict[str, Any] = {"app": self.name}
        self._server_type(annotations)
        self._amount(container["resources"], "cpu", "CPU", unit="")
        self._amount(container["resources"], "memory", "Memory", unit="Gi")
        self._gpus(container["resources"])
        self._tolerations(spec)
        self._affinity(spec)
        self._configurations(labels)
        if self._value("shm"):
            spec["volumes"].append({"name": "dshm", "emptyDir": {"medium": "Memory"}})
            container["volumeMounts"].append({"mountPath": "/dev/shm", "name": "dshm"})  # noqa: S108
        return {
            "apiVersion": "kubeflow.org/v1beta1",
            "kind": "Notebook",
            "metadata": {
                "name": self.name,
                "namespace": self._namespace,
                "labels": labels,
                "annotations": annotations,
            },
            "spec": {"template": {"spec": spec}},
        }

    def volumes(self) -> list[FormVolume]:
        """The volumes that were asked for, the workspace last."""
        asked = list(self._value("datavols", "dataVolumes"))
        workspace = self._value("workspace", "workspaceVolume", optional=True)
        return [FormVolume(one) for one in (*asked, *([workspace] if workspace else []))]

    def _value(self, field: str, setting: str | None = None, *, optional: bool = False) -> Any:
        setting, given = setting or field, self._body.get(field)
        if setting not in self._defaults:
            return given
        if self._defaults[setting].get("readOnly", False):
            if field in self._body:
                message = f"'{field}' is readonly but a value was provided: {given}"
                raise RefusedError(400, message)
            return self._defaults[setting]["value"]
        if given is None and not optional:
            raise RefusedError(400, f"No value provided for: {field}")
        return given

    def _image(self) -> str:
        field = "customImage" if self._body.get("customImage", False) else "image"
        return str(self._value(field, "image").strip())

    def _server_type(self, annotations: dict[str, Any]) -> None:
        kind = self._value("serverType")
        if kind not in _SERVER_TYPES:
            raise RefusedError(400, f"'{kind}' is not a valid server type")
        annotations[SERVER_TYPE] = kind
        if kind != "jupyter":
            annotations[_REWRITE] = "/"
        if kind == "group-two":
            path = f"/notebook/{self._body.get('namespace')}/{self._body.get('name')}/"
            annotations[_HEADERS] = f'{{"X-RStudio-Root-Path":"{path}"}}'

    def _amount(self, resources: Object, field: str, title: str, *, unit: str) -> None:
        """A request and its limit, which is a multiple of it where none was given."""
        asked, limit = self._value(field), self._value(f"{field}Limit")
        for what, given in ((field, asked), (f"{field} limit", limit)):
            if given and "nan" in given.lower():
                raise RefusedError(400, f"Invalid value for {what}: {given}")
        factor = self._defaults[field].get("limitFactor")
        if not limit and factor != "none":
            limit = f"{round(float(asked.replace(unit, '')) * float(factor), 1)}{unit}"
        resources["requests"][field] = asked
        if limit is None or limit == "":
            return
        if float(limit.replace(unit, "")) < float(asked.replace(unit, "")):
            raise RefusedError(400, f"{title} limit must be greater than the request")
        resources.setdefault("limits", {})[field] = limit

    def _gpus(self, resources: Object) -> None:
        gpus = self._value("gpus")
        if "num" not in gpus:
            raise RefusedError(400, "'gpus' must have a 'num' field")
        if gpus["num"] == "none":
            return
        if "vendor" not in gpus:
            raise RefusedError(400, "'gpus' must have a 'vendor' field")
        resources.setdefault("limits", {})[gpus["vendor"]] = str(gpus["num"])

    def _tolerations(self, spec: Object) -> None:
        key = self._value("tolerationGroup")
        for group in self._options("tolerationGroup"):
            if key != "none" and group["groupKey"] == key:
                spec["tolerations"].extend(group["tolerations"])
                return

    def _affinity(self, spec: Object) -> None:
        key = self._value("affinityConfig")
        for one in self._options("affinityConfig"):
            if key != "none" and one["configKey"] == key:
                spec["affinity"] = one["affinity"]
                return

    def _options(self, setting: str) -> list[Object]:
        found: list[Object] = self._defaults.get(setting, {}).get("options", [])
        return found

    def _configurations(self, labels: dict[str, Any]) -> None:
        chosen = self._value("configurations")
        if not isinstance(chosen, list):
            raise RefusedError(400, f"Labels for PodDefaults are not list: {chosen}")
        labels.update(dict.fromkeys(chosen, "true"))


class FormVolume:
    """A volume that was asked for: a claim to be made, or a source that is there."""

    def __init__(self, asked: Object) -> None:
        self._asked = asked

    def claim(self) -> Object | None:
        """The claim to be made, if it is one."""
        self._check()
        if "newPvc" not in self._asked:
            return None
        claim: Object = self._asked["newPvc"]
        if claim["metadata"].get("namespace") is not None:
            raise RefusedError(400, "PVC should not specify the namespace.")
        return claim

    def add_to(self, notebook: Object, claim: Object | None) -> None:
        """Mount it in the Notebook; `claim` is the one that was made for it."""
        if claim is not None:
            name = claim["metadata"]["name"]
            volume = {"name": name, "persistentVolumeClaim": {"claimName": name}}
        else:
            volume = {"name": self._name(), **self._asked["existingSource"]}
        spec = notebook["spec"]["template"]["spec"]
        mount = {"name": volume["name"], "mountPath": self._asked["mount"]}
        spec["volumes"].append(volume)
        spec["containers"][0]["volumeMounts"].append(mount)

    def _check(self) -> None:
        asked = self._asked
        if "mount" not in asked:
            raise RefusedError(400, f"Volume should have a mount: {asked}")
        if "existingSource" not in asked and "newPvc" not in asked:
            message = f"Volume has neither existingSource nor newPvc: {asked}"
            raise RefusedError(400, message)
        if "existingSource" in asked and "newPvc" in asked:
            raise RefusedError(400, f"Volume has both existingSource and newPvc: {asked}")

    def _name(self) -> str:
        source = self._asked["existingSource"]
        if "persistentVolumeClaim" not in source:
            suffix = "".join(secrets.choice(_SUFFIX) for _ in range(8))
            return f"existing-source-volume-{suffix}"
        if "claimName" not in source["persistentVolumeClaim"]:
            raise RefusedError(400, f"Failed to retrieve the PVC name from '{self._asked}'")
        return str(source["persistentVolumeClaim"]["claimName"])
