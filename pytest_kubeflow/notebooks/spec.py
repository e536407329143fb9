"""NotebookSpec: what is asked for, as the web app's form has it and as the object has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind
from pytest_kubeflow.quantity import parse_quantity

GROUP, VERSION, PLURAL = "kubeflow.org", "v1", "notebooks"
KIND = CustomKind("Notebook", GROUP, VERSION, PLURAL)
HOME = "/home/jovyan"
"""The home directory of Kubeflow's images, where the workspace is mounted."""

ACCOUNT = "default-editor"
STOPPED = "kubeflow-resource-stopped"
"""The annotation that stops a notebook, whatever its value is."""

STOPPED_SINCE = "2006-01-02T15:04:05Z"
"""A value for it."""

PORT = 8888
LONGEST = 52
"""Characters of a name: the StatefulSet's pods have a label of ten more, and a label has 63."""

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_CLAIM = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_AMOUNTS = ("cpu", "memory")


def check_name(name: str) -> str:
    """`name` if a Notebook can be called so. Raises ConfigurationError if not."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for a Notebook; valid: lower-case letters, digits and dashes, "
            "beginning with a letter, not ending with a dash"
        )
    if len(name) > LONGEST:
        raise ConfigurationError(
            f"the name {name!r} is too long for a Notebook: it has {len(name)} characters, and "
            f"with more than {LONGEST} its StatefulSet gets no pod"
        )
    return name


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim that is made with the notebook.

    Without a `name` it has the notebook's with -workspace, or, where it is mounted beside the home
    directory, with -datavol-1, -datavol-2, ... as the web app's form proposes them.
    """

    size: str
    storage_class: str | None = None
    name: str | None = None
    access_mode: str = "ReadWriteOnce"

    def manifest(
        self, notebook: str, labels: Mapping[str, str], ending: str = "workspace"
    ) -> dict[str, Any]:
        """Metadata and spec, as the web app takes them."""
        spec: dict[str, Any] = {
            "resources": {"requests": {"storage": self.size}},
            "accessModes": [self.access_mode],
        }
        if self.storage_class is not None:
            spec["storageClassName"] = self.storage_class
        name = self.name or f"{notebook}-{ending}"
        return {"metadata": {"name": name, "labels": dict(labels)}, "spec": spec}


@dataclass(frozen=True, slots=True)
class NotebookSpec:
    """What a notebook is to be like. Sizes are plain numbers of CPUs, and Gi of memory.

    Raises ConfigurationError for what no pod can be.
    """

    image: str
    cpu: str = "0.25"
    cpu_limit: str = "2"
    memory: str = "0.5Gi"
    memory_limit: str = "2Gi"

    mounts: Mapping[str, NewClaim | str] = field(default_factory=dict)
    """Claims by the directory that they are mounted at: new ones, or names of some that exist."""

    configurations: Sequence[str] = ()
    """The labels of PodDefaults that it is to have."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of its container; the web app has no field for them."""

    command: Sequence[str] = ()
    """What its container runs instead of the image's own; the web app has no field for it."""

    stopped: bool = False
    """Whether it is made without a pod, to be started later; by its object alone."""

    bare: bool = False
    """Whether its object says nothing of resources, mounts and volumes that it has not."""

    def __post_init__(self) -> None:
        for amount in _AMOUNTS:
            self._check_amounts(amount)
        for mount, claim in self.mounts.items():
            if not mount.startswith("/") or ":" in mount:
                raise ConfigurationError(
                    f"{mount!r} is no directory to mount a claim at; valid: an absolute path "
                    "without a colon"
                )
            called = claim.name if isinstance(claim, NewClaim) else claim
            if called is not None and not _CLAIM.fullmatch(called):
                raise ConfigurationError(
                    f"{called!r} is no name of a volume claim; valid: lower-case letters, digits, "
                    "dashes and dots, at most 253"
                )
            if isinstance(claim, NewClaim):
                _amount("size", claim.size)
        for key, value in self.env.items():
            if not key or "=" in key or not isinstance(value, str):
                raise ConfigurationError(
                    f"env={{{key!r}: {value!r}}} is no variable; valid: a name without = and a text"
                )

    def _check_amounts(self, name: str) -> None:
        """A request that is larger than its limit is refused by Kubernetes, and told by nobody."""
        request, limit = getattr(self, name), getattr(self, f"{name}_limit")
        if _amount(name, request) > _amount(f"{name}_limit", limit):
            raise ConfigurationError(
                f"{name}={request!r} is more than {name}_limit={limit!r}: give both, the limit at "
                "least as large"
            )

    def form(
        self, name: str, namespace: str, labels: Mapping[str, str], config: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The body of the web app's POST.

        What the administrator has fixed is left out, as the app wants it. Raises ConfigurationError
        for what the form cannot say.
        """
        if self.env or self.command or self.stopped or self.bare:
            raise ConfigurationError(
                "the web app for notebooks takes no env and no command, and makes none stopped or "
                'bare: make the notebook by its object (by="resource"); a PodDefault can set env'
            )
        workspace = self.mounts.get(HOME)
        volumes = [self._volume(name, mount, labels) for mount in self.mounts if mount != HOME]
        values: dict[str, tuple[str, Any]] = {
            # field of the body: (key of the configuration, value)
            "image": ("image", self.image),
            "imagePullPolicy": ("imagePullPolicy", "IfNotPresent"),
            "cpu": ("cpu", self.cpu),
            "memory": ("memory", self.memory),
            "gpus": ("gpus", {"num": "none"}),
            "tolerationGroup": ("tolerationGroup", "none"),
            "affinityConfig": ("affinityConfig", "none"),
            "configurations": ("configurations", list(self.configurations)),
            "shm": ("shm", True),
            "datavols": ("dataVolumes", volumes),
        }
        if workspace is not None:
            volume = self._volume(name, HOME, labels)
            values["workspace"] = ("workspaceVolume", volume)
        body: dict[str, Any] = {
            "name": name,
            "namespace": namespace,
            "serverType": "jupyter",
            "cpuLimit": self.cpu_limit,
            "memoryLimit": self.memory_limit,
        }
        for key, (setting, value) in values.items():
            if not (config.get(setting) or {}).get("readOnly", False):
                body[key] = value
        return body

    def _volume(self, name: str, mount: str, labels: Mapping[str, str]) -> dict[str, Any]:
        claim = self.mounts[mount]
        if isinstance(claim, NewClaim):
            return {"mount": mount, "newPvc": claim.manifest(name, labels, self._ending(mount))}
        source = {"persistentVolumeClaim": {"claimName": claim}}
        return {"mount": mount, "existingSource": source}

    def claims(self, name: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The claims that are made for it, as objects."""
        return [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                **claim.manifest(name, labels, self._ending(mount)),
            }
            for mount, claim in self.mounts.items()
            if isinstance(claim, NewClaim)
        ]

    def _ending(self, mount: str) -> str:
        beside = [one for one in self.mounts if one != HOME]
        return "workspace" if mount == HOME else f"datavol-{beside.index(mount) + 1}"

    def manifest(self, name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """The Notebook, as an object."""
        container: dict[str, Any] = {
            "name": name,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "resources": {
                "requests": {"cpu": self.cpu, "memory": self.memory},
                "limits": {"cpu": self.cpu_limit, "memory": self.memory_limit},
            },
            "volumeMounts": [],
        }
        if self.env:
            container["env"] = [{"name": key, "value": value} for key, value in self.env.items()]
        if self.command:
            container["command"] = list(self.command)
        by_claim: dict[str, dict[str, Any]] = {}
        for mount, claim in self.mounts.items():
            called = (
                str(claim.manifest(name, {}, self._ending(mount))["metadata"]["name"])
                if isinstance(claim, NewClaim)
                else claim
            )
            # A volume is called by a label, which is shorter than a claim's name, and has no dots.
            label = called if _LABEL.fullmatch(called) else f"volume-{len(by_claim)}"
            source = {"persistentVolumeClaim": {"claimName": called}}
            volume = by_claim.setdefault(called, {"name": label, **source})
            container["volumeMounts"].append({"name": volume["name"], "mountPath": mount})
        volumes = list(by_claim.values())
        pod: dict[str, Any] = {"serviceAccountName": ACCOUNT, "containers": [container]}
        if self.bare:  # as one that was written by hand
            del container["resources"], container["volumeMounts"]
        if volumes or not self.bare:
            pod["volumes"] = volumes
        annotations = {"notebooks.kubeflow.org/server-type": "jupyter"}
        if self.stopped:
            annotations[STOPPED] = STOPPED_SINCE
        return {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "Notebook",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {**labels, **dict.fromkeys(self.configurations, "true")},
                "annotations": annotations,
            },
            "spec": {"template": {"spec": pod}},
        }


def _amount(name: str, text: str) -> Fraction:
    try:
        found = parse_quantity(text)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name}={text!r} of a notebook: {error}") from None
    if found < 0:
        raise ConfigurationError(f"{name}={text!r} of a notebook: less than nothing")
    return found
