"""Platform configuration of a task: what kfp-kubernetes asked for, put into its pod.

Source: kubeflow/pipelines backend/src/v2/driver/k8s.go, extendPodSpecPatch. `check.py` has refused
what is not understood here.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError
from pytest_kubeflow.local.pipelines.driver.pods.placement import place
from pytest_kubeflow.local.pipelines.driver.step import Resolve

Json = Any

_PULL_POLICIES = ("Always", "Never", "IfNotPresent")


def apply_platform(pod: Object, config: Json, resolve: Resolve) -> None:
    """Change `pod` as the executor config `config` says.

    `resolve` gives the value of a parameter source in the task's DAG. Raises TaskError.
    """
    labels_and_annotations = config.get("podMetadata") or {}
    for section in ("labels", "annotations"):
        pod["metadata"][section].update(labels_and_annotations.get(section) or {})
    _volumes(pod["spec"], config, resolve)
    _environment(pod["spec"]["containers"][0], config, resolve)
    _images(pod["spec"], config, resolve)
    place(pod["spec"], config, resolve)
    if deadline := int(config.get("activeDeadlineSeconds") or 0):
        pod["spec"]["activeDeadlineSeconds"] = deadline
    if context := config.get("securityContext"):
        _security(pod["spec"]["containers"][0], context)
    _init_containers(pod["spec"], config.get("initContainers") or [])


def claim_names(config: Json, resolve: Resolve) -> list[str]:
    """The claims that the executor config `config` mounts. Raises TaskError."""
    return [_pvc_name(one, resolve) for one in config.get("pvcMount") or []]


def _volumes(spec: Object, config: Json, resolve: Resolve) -> None:
    for one in config.get("pvcMount") or []:
        claim = _pvc_name(one, resolve)
        volume = {"name": claim, "persistentVolumeClaim": {"claimName": claim}}
        _mount(spec, volume, one["mountPath"], sub_path=one.get("subPath", ""))
    for kind, field in (("secret", "secretName"), ("configMap", "name")):
        for one in config.get(f"{kind}AsVolume") or []:
            source = _name(one, f"{kind}Name", resolve)
            if source is None:
                continue
            content = {field: source, "optional": bool(one.get("optional"))}
            _mount(spec, {"name": source, kind: content}, one["mountPath"])
    for one in config.get("emptyDirMounts") or []:
        content = {key: one[key] for key in ("medium", "sizeLimit") if one.get(key)}
        _mount(spec, {"name": one["volumeName"], "emptyDir": content}, one["mountPath"])


def _environment(main: Object, config: Json, resolve: Resolve) -> None:
    for kind in ("secret", "configMap"):
        for one in config.get(f"{kind}AsEnv") or []:
            source = _name(one, f"{kind}Name", resolve)
            if source is None:
                continue
            for pair in one.get("keyToEnv") or []:
                reference = {"name": source, "key": pair[f"{kind}Key"]}
                if "optional" in one:
                    reference["optional"] = bool(one["optional"])
                value = {f"{kind}KeyRef": reference}
                main["env"].append({"name": pair["envVar"], "valueFrom": value})
    for one in config.get("fieldPathAsEnv") or []:
        value = {"fieldRef": {"fieldPath": one["fieldPath"]}}
        main["env"].append({"name": one["name"], "valueFrom": value})


def _images(spec: Object, config: Json, resolve: Resolve) -> None:
    for one in config.get("imagePullSecret") or []:
        name = _name(one, "secretName", resolve)
        if name is None:
            continue
        spec.setdefault("imagePullSecrets", []).append({"name": name})
    if policy := config.get("imagePullPolicy"):
        if policy not in _PULL_POLICIES:
            raise TaskError(
                f"unsupported value: {policy}. ImagePullPolicy should be one of "
                "'Always', 'Never' or 'IfNotPresent'"
            )
        spec["containers"][0]["imagePullPolicy"] = policy


def _security(main: Object, context: Json) -> None:
    chosen = {
        key: context[key] if key == "runAsNonRoot" else int(context[key])
        for key in ("runAsUser", "runAsGroup", "runAsNonRoot")
        if key in context
    }
    if chosen.get("runAsUser") == 0 and chosen.get("runAsNonRoot"):
        raise TaskError(
            "runAsUser=0 (root) is not allowed: runAsNonRoot is true; use a non-root UID instead"
        )
    main["securityContext"] = chosen | {"capabilities": {"drop": ["ALL"]}}


def _init_containers(spec: Object, messages: list[Json]) -> None:
    for message in messages:
        name = message.get("name")
        if not name:
            raise TaskError("init container name must not be empty")
        if name in {one["name"] for one in [*spec["containers"], *spec.get("initContainers", [])]}:
            raise TaskError(
                f'init container name "{name}" conflicts with an existing container in the pod'
            )
        if not message.get("image"):
            raise TaskError(f'init container "{name}" must specify an image')
        mounts = [
            {"name": one["volumeName"], "mountPath": one["mountPath"]}
            for one in message.get("volumeMounts") or []
        ]
        container = {
            key: message[key]
            for key in ("name", "image", "command", "args", "env", "resources", "restartPolicy")
            if message.get(key)
        }
        spec.setdefault("initContainers", []).append(container | {"volumeMounts": mounts})


def _pvc_name(mount: Json, resolve: Resolve) -> str:
    # Older packages name the claim by one of these fields, newer ones by pvcNameParameter too.
    if source := mount.get("pvcNameParameter"):
        return _text(resolve(source), "the name of a PVC to mount")
    if "constant" in mount:
        return _text(mount["constant"], "the name of a PVC to mount")
    return _text(resolve(mount), "the name of a PVC to mount")


def _name(config: Json, field: str, resolve: Resolve) -> str | None:
    """The name of a Secret or ConfigMap: from a parameter if there is one, else as it stands.

    None if an optional input of the pipeline was to give it, and does not.
    """
    source = config.get(f"{field}Parameter")
    if source and (value := resolve(source)) is None:
        return None
    return _text(value if source else config.get(field), f"{field} of a task")


def _text(value: Json, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise TaskError(f"{what} must be a string that is not empty, found {value!r}")
    return value


def _mount(spec: Object, volume: Object, path: str, *, sub_path: str = "") -> None:
    known = next((one for one in spec["volumes"] if one["name"] == volume["name"]), None)
    if known is None:
        spec["volumes"].append(volume)
    else:  # Argo merges them by their names: a Secret and a ConfigMap of one name are refused
        known.update(volume)
    mount = {"name": volume["name"], "mountPath": path}
    spec["containers"][0]["volumeMounts"].append(
        mount | ({"subPath": sub_path} if sub_path else {})
    )
