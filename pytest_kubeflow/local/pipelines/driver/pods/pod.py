"""The pod of a task.

As the real ones look (backend/src/v2/compiler/argocompiler/container.go and driver.go,
initPodSpecPatch): the component's image as container `main`, the launcher as its command, the
component's own command as its arguments. The launcher comes in by an image volume, where a real
cluster copies it with an init container.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError
from pytest_kubeflow.local.pipelines.driver.pods.command import resolve_command
from pytest_kubeflow.local.pipelines.driver.pods.task_pods import WAIT
from pytest_kubeflow.local.pipelines.driver.workflow.argo import node_id
from pytest_kubeflow.local.pipelines.settings import AUDIENCE, LAUNCHER_REFERENCE, StoreSettings
from pytest_kubeflow.local.pipelines.spec.values import to_text
from pytest_kubeflow.local.pipelines.workflows import COMPILED_LABEL, RUN_LABEL

Json = Any

VERSION = "2.17.0"
# Its last part is the name of the package that the program imports itself by.
LAUNCHER = "/kfp/launcher"
_IMAGE = LAUNCHER_REFERENCE
_TOKEN_DIRECTORY = "/var/run/secrets/kfp"  # noqa: S105 a path
# Where artifacts are for the task; volumes, so that any user may write there.
_SCRATCH = {"minio-scratch": "/minio", "s3-scratch": "/s3", "gcs-scratch": "/gcs"}
OWN_VOLUMES = frozenset({"kfp-launcher", "kfp-token", *_SCRATCH})
_STORE_VARIABLE = "KFP_STORE_"
_CHANNEL_START, _CHANNEL_END = "{{$.inputs.parameters['", "']}}"


@dataclass(frozen=True, slots=True)
class TaskPod:
    """All that makes a task's pod, but for its platform configuration.

    `node` is the name of Argo's node. Where Argo's executor is refused its results, `refused` says
    so, and the pod fails by a container of Argo's. `strict`: nothing works that does not work in
    the backend.
    """

    name: str
    node: str
    workflow: Object
    run_id: str
    pipeline_name: str
    run_root: str
    task_name: str
    execution_id: int
    component: Json
    container: Json
    executor_input: Json
    store: StoreSettings
    launcher_options: tuple[str, ...] = ()
    refused: str = ""
    strict: bool = False

    def manifest(self) -> Object:
        """The Pod object, for `KubeClient.create`. Raises TaskError."""
        spec = self.workflow["spec"]
        command = resolve_command(self.container, self.executor_input["inputs"], strict=self.strict)
        if not command:
            raise TaskError(
                f"task {self.task_name!r} has neither command nor args: the launcher would not "
                "know what to start"
            )
        main = {
            "name": "main",
            "image": self._channel(self.container["image"]),
            "command": self.launcher(),
            "args": [_not_ours(one) for one in command],
            "env": [*_environment(self.store), *self._user_environment()],
            "resources": self._resources(),
            "volumeMounts": [
                {"name": "kfp-launcher", "mountPath": LAUNCHER, "readOnly": True},
                {"name": "kfp-token", "mountPath": _TOKEN_DIRECTORY, "readOnly": True},
                *({"name": name, "mountPath": path} for name, path in _SCRATCH.items()),
            ],
        }
        token = {"audience": AUDIENCE, "expirationSeconds": 7200, "path": "token"}
        return {
            "metadata": run_metadata(self.workflow, self.run_id, self.name, self.node),
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": spec["serviceAccountName"],
                **({"initContainers": [_copying()]} if self.store.launcher_copied else {}),
                "containers": [main, *([_refused(self.refused)] if self.refused else [])],
                "volumes": [
                    {"name": "kfp-launcher", **self._launcher_volume()},
                    {
                        "name": "kfp-token",
                        "projected": {"sources": [{"serviceAccountToken": token}]},
                    },
                    *({"name": name, "emptyDir": {}} for name in _SCRATCH),
                ],
            },
        }

    def _launcher_volume(self) -> Object:
        if self.store.launcher_copied:
            return {"emptyDir": {}}
        return {"image": {"reference": _IMAGE, "pullPolicy": "IfNotPresent"}}

    def launcher(self) -> list[str]:
        """The command of the main container."""
        component = {
            key: self.component[key]
            for key in ("inputDefinitions", "outputDefinitions")
            if key in self.component
        }
        return [
            f"{LAUNCHER}/launch",
            *("--pipeline_name", self.pipeline_name),
            *("--run_id", self.run_id),
            *("--pipeline_root", self.run_root),
            *("--execution_id", str(self.execution_id)),
            *("--executor_input", _literal(self.executor_input)),
            *("--component_spec", _literal(component)),
            *("--ml_pipeline_server_address", "ml-pipeline.kubeflow"),
            *("--ml_pipeline_server_port", "8888"),
            *("--object_store", self.store.endpoint),
            *("--object_store_region", self.store.region),
            *("--token_file", f"{_TOKEN_DIRECTORY}/token"),
            *self.launcher_options,
            "--",
        ]

    def _user_environment(self) -> list[Object]:
        env = self.container.get("env") or []
        return [{"name": one["name"], "value": one.get("value", "")} for one in env]

    def _resources(self) -> Object:
        wanted = self.container.get("resources") or {}
        resources: dict[str, dict[str, str]] = {"limits": {}, "requests": {}}
        for section, name, new, old, unit in (
            ("limits", "memory", "resourceMemoryLimit", "memoryLimit", "G"),
            ("requests", "memory", "resourceMemoryRequest", "memoryRequest", "G"),
            ("limits", "cpu", "resourceCpuLimit", "cpuLimit", ""),
            ("requests", "cpu", "resourceCpuRequest", "cpuRequest", ""),
        ):
            if wanted.get(new):
                resources[section][name] = self._channel(wanted[new])
            elif wanted.get(old):
                resources[section][name] = f"{to_text(wanted[old])}{unit}"
        accelerator = wanted.get("accelerator") or {}
        kind = self._channel(accelerator.get("resourceType") or accelerator.get("type") or "")
        amount = self._channel(accelerator.get("resourceCount") or accelerator.get("count") or "")
        if kind and amount not in {"", "0"}:
            resources["limits"][kind] = amount
        return {section: amounts for section, amounts in resources.items() if amounts}

    def _channel(self, value: Json) -> str:
        """A setting as it stands, or the value of the input parameter that it names."""
        text = str(value)
        if not (text.startswith(_CHANNEL_START) and text.endswith(_CHANNEL_END)):
            return text
        name = text[len(_CHANNEL_START) : -len(_CHANNEL_END)]
        values = self.executor_input["inputs"]["parameterValues"]
        if name not in values:
            raise TaskError(f"a setting of the pod comes from parameter {name!r}, which is not set")
        return to_text(values[name])


def run_metadata(workflow: Object, run_id: str, name: str, node: str) -> Object:
    """The metadata of a pod of a run, for Argo's node of the name `node`."""
    owner = workflow["metadata"]
    return {
        "name": name,
        "namespace": owner["namespace"],
        "labels": {
            RUN_LABEL: run_id,
            "workflows.argoproj.io/workflow": owner["name"],
            "workflows.argoproj.io/completed": "false",
            COMPILED_LABEL: "true",
        },
        "annotations": {
            "sidecar.istio.io/inject": "false",
            "workflows.argoproj.io/node-id": node_id(owner["name"], node),
            "workflows.argoproj.io/node-name": node,
            "kubectl.kubernetes.io/default-container": "main",
        },
        "ownerReferences": [controller_reference(workflow)],
    }


def _copying() -> Object:
    """The init container that puts the launcher where the main one finds it."""
    return {
        "name": "kfp-launcher",
        "image": _IMAGE,
        "command": ["/launch", "--copy", LAUNCHER],
        "volumeMounts": [{"name": "kfp-launcher", "mountPath": LAUNCHER}],
        "resources": {
            "limits": {"cpu": "500m", "memory": "128Mi"},
            "requests": {"cpu": "100m"},
        },
    }


def _refused(why: str) -> Object:
    """Argo's container `wait`, which may not write what it is there to write."""
    script = 'printf %s "$0" > /dev/termination-log; exit 64'
    return {"name": WAIT, "image": "busybox", "command": ["sh", "-c", script, why]}


def own_environment(store: StoreSettings) -> set[str]:
    """The names of the variables that the launcher needs."""
    return {one["name"] for one in _environment(store)}


def _environment(store: StoreSettings) -> list[Object]:
    def field(name: str, path: str) -> Object:
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    def key(name: str, key: str) -> Object:
        # Optional: a task without artifacts needs no store; the launcher says what is missing.
        reference = {"name": store.secret, "key": key, "optional": True}
        return {"name": name, "valueFrom": {"secretKeyRef": reference}}

    return [
        field("KFP_POD_NAME", "metadata.name"),
        field("KFP_POD_UID", "metadata.uid"),
        field("NAMESPACE", "metadata.namespace"),
        key(f"{_STORE_VARIABLE}ACCESS_KEY", "accesskey"),
        key(f"{_STORE_VARIABLE}SECRET_KEY", "secretkey"),
    ]


def _literal(value: Json) -> str:
    """JSON for a pod's command, in which Kubernetes expands `$(NAME)` and `$$`.

    So it does to the real driver's: `$(NAMESPACE)` in a parameter becomes the pod's namespace.
    Raises TaskError for numbers that JSON has not: a task may give them, but none can take them.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise TaskError(
            "google.protobuf.Value.number_value: an input is NaN or infinite, which JSON has not"
        ) from None
    return _not_ours(text)


def _not_ours(text: str) -> str:
    """`text` without the launcher's keys, which are no variables of a real pod."""
    return text.replace(f"$({_STORE_VARIABLE}", f"$$({_STORE_VARIABLE}")
