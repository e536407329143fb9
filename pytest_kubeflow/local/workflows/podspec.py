"""The pod of a node, with Argo's own containers `init` and `wait`.

Source: argo-workflows v3.7.3 workflow/controller/workflowpod.go.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.workflows.config import ControllerConfig
from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.scope import compact
from pytest_kubeflow.local.workflows.templates import has_location, kind_of, merged
from pytest_kubeflow.local.workflows.templating import replaced, tags

Json = Any

IMAGE = "quay.io/argoproj/argoexec:v3.7.3"
LABEL = "workflows.argoproj.io/workflow"
COMPLETED = "workflows.argoproj.io/completed"
ON_EXIT = "workflows.argoproj.io/on-exit"
NODE_ID = "workflows.argoproj.io/node-id"
NODE_NAME = "workflows.argoproj.io/node-name"
MAIN, WAIT, INIT = "main", "wait", "init"
RUN_ARGO = "/var/run/argo"
INPUTS, SECRETS, STAGING, MIRROR = (
    "/argo/inputs/artifacts",
    "/argo/secret",
    "/argo/staging",
    "/mainctrfs",
)
SCRIPT = f"{STAGING}/script"
_LOGGING = ("--loglevel", "info", "--log-format", "text", "--gloglevel", "0")
_ZERO = "0001-01-01T00:00:00Z"
_LOOKUP = (
    'failed to look-up entrypoint/cmd for image "{image}", you must either explicitly specify the '
    "command, or list the image's command in the index: "
    "https://argo-workflows.readthedocs.io/en/latest/workflow-executors/#emissary-emissary: "
    "the embedded cluster has no registry to ask"
)


@dataclass(frozen=True)
class NodePod:
    """What the pod of one node is made of. `deadline` is in RFC 3339; "" for none.

    `result`: what the container prints is wanted. `seconds` are those that the pod may be active.
    """

    name: str
    node_id: str
    node_name: str
    workflow: Object
    spec: Json
    template: Json
    boundary: Json
    repository: Json
    claims: list[Json]
    config: ControllerConfig
    known: Mapping[str, str]
    result: bool = False
    in_exit_handler: bool = False
    deadline: str = ""
    seconds: int | None = None

    def manifest(self) -> Object:
        """The Pod. Raises WorkflowError."""
        template = copy.deepcopy(self.template)
        location = self._archive_location(template)
        if location is not None:
            template["archiveLocation"] = location
        main = self._main(template)
        volumes = [
            {"name": "var-run-argo", "emptyDir": {}},
            {"name": "tmp-dir-argo", "emptyDir": {}},
            *(template.get("volumes") or ()),
        ]
        pod = {
            "metadata": self._metadata(template),
            "spec": {
                "restartPolicy": "Never",
                "volumes": volumes,
                "containers": [
                    self._executor(WAIT),
                    main,
                    *copy.deepcopy(template.get("sidecars") or []),
                ],
                "initContainers": [
                    self._executor(INIT),
                    *copy.deepcopy(template.get("initContainers") or []),
                ],
                **self._settings(template),
            },
        }
        self._add_volumes(pod["spec"], template)
        self._add_artifacts(pod["spec"], template)
        self._mirror(pod["spec"])
        self._add_environment(pod["spec"], template)
        known = {**self.known, "pod.name": self.name}
        made: Object = replaced(pod, known)
        if location is not None:
            for tag in tags(replaced(location, known)):
                raise WorkflowError(f"failed to resolve {{{{{tag}}}}}")
        self._wrap(made["spec"])
        return made

    def _metadata(self, template: Json) -> Object:
        owner = self.workflow["metadata"]
        chosen = [self.spec.get("podMetadata") or {}, template.get("metadata") or {}]
        labels = {LABEL: owner["name"], COMPLETED: "false"}
        if self.in_exit_handler:
            labels[ON_EXIT] = "true"
        annotations = {
            NODE_NAME: self.node_name,
            NODE_ID: self.node_id,
            "kubectl.kubernetes.io/default-container": MAIN,
        }
        for one in chosen:
            labels |= one.get("labels") or {}
            annotations |= one.get("annotations") or {}
        return {
            "name": self.name,
            "namespace": owner["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_reference(self.workflow)],
        }

    def _main(self, template: Json) -> Json:
        kind = kind_of(template)
        source = {key: value for key, value in template[kind].items() if key != "source"}
        container = {**merged(self.config.main, source), "name": MAIN}
        if kind == "script" and template["script"].get("source"):
            container["args"] = [*(container.get("args") or ()), SCRIPT]
        if kind == "script":
            container.setdefault("volumeMounts", [])
        return container

    def _executor(self, name: str) -> Json:
        """A container of Argo's executor."""
        settings = self.config.executor
        field = {"name": "ARGO_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
        uid = {"name": "ARGO_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}
        owner = self.workflow["metadata"]
        return {
            "name": name,
            "image": IMAGE,
            "imagePullPolicy": settings.get("imagePullPolicy", "IfNotPresent"),
            "command": ["argoexec", name, *_LOGGING],
            "env": [
                field,
                uid,
                {"name": "ARGO_WORKFLOW_NAME", "value": owner["name"]},
                {"name": "ARGO_WORKFLOW_UID", "value": owner["uid"]},
                *(settings.get("env") or ()),
            ],
            **{
                key: settings[key]
                for key in ("resources", "securityContext", "args")
                if key in settings
            },
        }

    def _settings(self, template: Json) -> Json:
        """Where the pod runs, by whose rights, and for how long."""
        spec, boundary = self.spec, self.boundary or {}
        found: dict[str, Json] = {}
        for key in ("nodeSelector", "affinity", "tolerations"):
            found[key] = template.get(key) or boundary.get(key) or spec.get(key)
        for key in ("serviceAccountName", "schedulerName", "securityContext"):
            found[key] = template.get(key) or spec.get(key)
        for key in ("hostNetwork", "dnsPolicy", "dnsConfig", "imagePullSecrets"):
            found[key] = spec.get(key)
        found["priorityClassName"] = template.get("priorityClassName") or spec.get(
            "podPriorityClassName"
        )
        found["hostAliases"] = [
            *(spec.get("hostAliases") or ()),
            *(template.get("hostAliases") or ()),
        ]
        found["activeDeadlineSeconds"] = self.seconds
        return {key: value for key, value in found.items() if value not in (None, [], {}, "")}

    def _archive_location(self, template: Json) -> Json:
        """Where outputs and logs of this pod go; None where nothing does."""
        own = template.get("archiveLocation") or {}
        if has_location(own):
            return own
        repository = self.repository or {}
        logs = repository.get("archiveLogs")
        if not logs:
            logs = own.get("archiveLogs", self.spec.get("archiveLogs", logs))
        artifacts = [
            *((template.get("inputs") or {}).get("artifacts") or ()),
            *((template.get("outputs") or {}).get("artifacts") or ()),
        ]
        whole = ("raw",)
        needed = logs or any(
            not (any(one.get(key) for key in whole) or (one.get("s3") or {}).get("bucket"))
            for one in artifacts
        )
        if not needed:
            return None
        location: dict[str, Json] = {"archiveLogs": bool(logs)}
        if store := repository.get("s3"):
            kept = {
                key: value for key, value in store.items() if key not in {"keyFormat", "keyPrefix"}
            }
            key = store.get("keyFormat") or "{{workflow.name}}/{{pod.name}}"
            location["s3"] = kept | {"key": key}
        return location

    def _add_volumes(self, spec: Json, template: Json) -> None:
        """The volumes that containers mount, of the Workflow or of its claims."""
        offered = {
            one["name"]: one
            for one in [*self.claims, *(self.spec.get("volumes") or ()), *spec["volumes"]]
        }
        there = {one["name"] for one in spec["volumes"]}
        users = [
            template[kind_of(template)],
            *(template.get("initContainers") or ()),
            *(template.get("sidecars") or ()),
        ]
        for mount in (one for user in users for one in user.get("volumeMounts") or ()):
            name = mount["name"]
            if name not in offered:
                raise WorkflowError(f"volume '{name}' not found in workflow spec")
            if name not in there:
                there.add(name)
                spec["volumes"].append(offered[name])
        secrets = _secrets(template)
        for name, keys in secrets.items():
            items = [{"key": key, "path": key} for key in keys]
            spec["volumes"].append({"name": name, "secret": {"secretName": name, "items": items}})
        mounts = [
            {"name": name, "mountPath": f"{SECRETS}/{name}", "readOnly": True} for name in secrets
        ]
        for container in (_named(spec["containers"], WAIT), spec["initContainers"][0]):
            container.setdefault("volumeMounts", []).extend(copy.deepcopy(mounts))

    def _add_artifacts(self, spec: Json, template: Json) -> None:
        init, main = spec["initContainers"][0], _named(spec["containers"], MAIN)
        mounts = main.setdefault("volumeMounts", [])
        own = list(mounts)
        artifacts = (template.get("inputs") or {}).get("artifacts") or []
        if artifacts:
            spec["volumes"].append({"name": "input-artifacts", "emptyDir": {}})
            init["volumeMounts"].append({"name": "input-artifacts", "mountPath": INPUTS})
            init["volumeMounts"] += [
                one | {"mountPath": _mirrored(one["mountPath"])} for one in copy.deepcopy(own)
            ]
        for one in artifacts:
            if (one.get("optional") and not has_location(one)) or overlapping(own, one["path"]):
                continue
            mounts.append(
                {"name": "input-artifacts", "mountPath": one["path"], "subPath": one["name"]}
            )
        if kind_of(template) == "script":
            spec["volumes"].append({"name": "argo-staging", "emptyDir": {}})
            for container in (init, main):
                container["volumeMounts"].append({"name": "argo-staging", "mountPath": STAGING})
        for container in (*spec["initContainers"][1:], *spec["containers"][2:]):
            if container.pop("mirrorVolumeMounts", False):
                container.setdefault("volumeMounts", []).extend(copy.deepcopy(own))

    def _mirror(self, spec: Json) -> None:
        """What main mounts, the executor sees below a directory of its own."""
        wait, main = _named(spec["containers"], WAIT), _named(spec["containers"], MAIN)
        for one in copy.deepcopy(main["volumeMounts"]):
            one["mountPath"] = _mirrored(one["mountPath"])
            one.pop("readOnly", None)
            wait["volumeMounts"].append(one)

    def _add_environment(self, spec: Json, template: Json) -> None:
        inputs = (template.get("inputs") or {}).get("artifacts")
        simplified = {key: value for key, value in template.items() if key != "inputs"}
        simplified["inputs"] = {"artifacts": inputs} if inputs else {}
        common = [
            {"name": "ARGO_NODE_ID", "value": self.node_id},
            {"name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": str(self.result).lower()},
            {"name": "ARGO_DEADLINE", "value": self.deadline or _ZERO},
            {"name": "ARGO_PROGRESS_FILE", "value": f"{RUN_ARGO}/progress"},
            {"name": "ARGO_PROGRESS_PATCH_TICK_DURATION", "value": "1m0s"},
            {"name": "ARGO_PROGRESS_FILE_TICK_DURATION", "value": "3s"},
        ]
        for field in ("initContainers", "containers"):
            for container in spec[field]:
                env = container.setdefault("env", [])
                env.append({"name": "ARGO_CONTAINER_NAME", "value": container["name"]})
                if field == "initContainers":
                    env.append({"name": "ARGO_TEMPLATE", "value": compact(simplified)})
                env += common

    def _wrap(self, spec: Json) -> None:
        """Start the commands of the containers by Argo's emissary. Raises WorkflowError."""
        argo = {"name": "var-run-argo", "mountPath": RUN_ARGO}
        for container in (*spec["initContainers"], *spec["containers"]):
            container.setdefault("volumeMounts", [])
        for number, container in enumerate(spec["containers"]):
            if container["name"] != WAIT:
                if not container.get("command"):
                    raise WorkflowError(_LOOKUP.format(image=container.get("image", "")))
                emissary = [f"{RUN_ARGO}/argoexec", "emissary", *_LOGGING, "--"]
                container["command"] = [*emissary, *container["command"]]
            else:
                container["volumeMounts"].append(
                    {"name": "tmp-dir-argo", "mountPath": "/tmp", "subPath": str(number)}  # noqa: S108
                )
            container["volumeMounts"].append(argo)
        for container in spec["initContainers"]:
            container["volumeMounts"].append(argo)


def overlapping(mounts: list[Json], path: str) -> Json:
    """The volume mount that a path is on, if it is on one."""
    for one in sorted(mounts, key=lambda mount: -len(mount["mountPath"])):
        place = one["mountPath"].rstrip("/")
        if path == place or path.startswith(f"{place}/"):
            return one
    return None


def mounts_of(template: Json) -> list[Json]:
    """The volume mounts that a template asks for itself."""
    return list((template.get(kind_of(template)) or {}).get("volumeMounts") or ())


def _mirrored(path: str) -> str:
    return os.path.normpath(f"{MIRROR}/{path}")


def _named(containers: list[Json], name: str) -> Json:
    return next(one for one in containers if one["name"] == name)


def _secrets(template: Json) -> dict[str, list[str]]:
    """The Secrets of stores that the executor reads, and the keys of each."""
    places = [
        template.get("archiveLocation") or {},
        *((template.get("outputs") or {}).get("artifacts") or ()),
        *((template.get("inputs") or {}).get("artifacts") or ()),
    ]
    found: dict[str, list[str]] = {}
    for place in places:
        for field in ("accessKeySecret", "secretKeySecret"):
            secret = (place.get("s3") or {}).get(field) or {}
            if secret.get("name") and secret.get("key"):
                keys = found.setdefault(secret["name"], [])
                if secret["key"] not in keys:
                    keys.append(secret["key"])
    return found
