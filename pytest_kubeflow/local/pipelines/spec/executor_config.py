"""What kfp-kubernetes asks for a task: which fields, and of which types.

Fields: kubeflow/pipelines kubernetes_platform/proto/kubernetes_executor_config.proto. To the
PlatformSpec an executor's configuration is any object, and the real driver reads it when the task
runs. Its messages come with the whole SDK only, so this table names what the embedded driver knows.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.pipelines.spec.document import SpecError
from pytest_kubeflow.local.pipelines.spec.schema import canonical

Json = Any

_SOURCE = "TaskInputsSpec.InputParameterSpec"
_STRINGS = {"*": "string"}
"""A map, as `*` is any name. `[x]` is a list of x; a field whose name ends in `!` must be there."""


def _environment(kind: str) -> dict[str, Json]:
    pair = {f"{kind}Key!": "string", "envVar!": "string"}
    return _named(kind) | {"keyToEnv": [pair]}


def _volume(kind: str) -> dict[str, Json]:
    return _named(kind) | {"mountPath!": "string"}


def _named(kind: str) -> dict[str, Json]:
    return {f"{kind}Name": "string", f"{kind}NameParameter": _SOURCE, "optional": "bool"}


_REQUIREMENT = {"key": "string", "operator": "string", "values": ["string"]}
_CONFIG: dict[str, Json] = {
    "pvcMount": [
        {
            "taskOutputParameter": f"{_SOURCE}.TaskOutputParameterSpec",
            "constant": "string",
            "componentInputParameter": "string",
            "pvcNameParameter": _SOURCE,
            "mountPath!": "string",
            "subPath": "string",
        }
    ],
    "secretAsEnv": [_environment("secret")],
    "secretAsVolume": [_volume("secret")],
    "configMapAsEnv": [_environment("configMap")],
    "configMapAsVolume": [_volume("configMap")],
    "emptyDirMounts": [
        {
            "volumeName!": "string",
            "mountPath!": "string",
            "medium": "string",
            "sizeLimit": "string",
        }
    ],
    "nodeSelector": {"labels": _STRINGS, "nodeSelectorJson": _SOURCE},
    "tolerations": [
        {
            "key": "string",
            "operator": "string",
            "value": "string",
            "effect": "string",
            "tolerationSeconds": "integer",
            "tolerationJson": _SOURCE,
        }
    ],
    "podMetadata": {"labels": _STRINGS, "annotations": _STRINGS},
    "imagePullPolicy": "string",
    "imagePullSecret": [{"secretName": "string", "secretNameParameter": _SOURCE}],
    "fieldPathAsEnv": [{"name!": "string", "fieldPath!": "string"}],
    "activeDeadlineSeconds": "integer",
    "nodeAffinity": [
        {
            "matchExpressions": [_REQUIREMENT],
            "matchFields": [_REQUIREMENT],
            "weight": "integer",
            "nodeAffinityJson": _SOURCE,
        }
    ],
    "securityContext": {"runAsUser": "integer", "runAsGroup": "integer", "runAsNonRoot": "bool"},
    "initContainers": [
        {
            "name": "string",
            "image": "string",
            "command": ["string"],
            "args": ["string"],
            "env": [{"name!": "string", "value": "string"}],
            "volumeMounts": [{"volumeName!": "string", "mountPath!": "string"}],
            "restartPolicy": "string",
            "resources": {"requests": _STRINGS, "limits": _STRINGS},
        }
    ],
}
_UNSUPPORTED = {
    "genericEphemeralVolume": "generic ephemeral volumes",
    "enabledSharedMemory": "shared memory settings",
    "podAffinity": "pod affinity",
}


def check_executor_config(config: Json, where: str) -> None:
    """Raise SpecError, in one line, for a field of `config` that is not known or of another type.

    `where` says whose configuration it is.
    """
    for name, feature in _UNSUPPORTED.items():
        if name in config:
            raise SpecError(f"the embedded Kubeflow does not run {feature} yet: {where}")
    _check(config, _CONFIG, where)


def _check(value: Json, wanted: Json, where: str) -> None:
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise SpecError(f"{where} is not a list")
        for number, one in enumerate(value):
            _check(one, wanted[0], f"{where}[{number}]")
    elif isinstance(wanted, dict):
        _message(value, wanted, where)
    elif wanted.startswith(_SOURCE):
        try:
            source = canonical(wanted, value)
        except ValueError as error:
            raise SpecError(f"{where} is no source of a parameter: {error}") from None
        _produced(source if wanted != _SOURCE else source.get("taskOutputParameter"), where)
    elif not _is(value, wanted):
        raise SpecError(f"{where} is not of type {wanted}: {value!r}")


def _message(value: Json, wanted: dict[str, Json], where: str) -> None:
    if not isinstance(value, dict):
        raise SpecError(f"{where} is not an object")
    for name, one in value.items():
        kind = wanted.get(name) or wanted.get(f"{name}!") or wanted.get("*")
        if kind is None:
            raise SpecError(f"unknown field {name!r} in {where}")
        _check(one, kind, f"{name} of {where}")
    for name in wanted:
        if name.endswith("!") and not value.get(name[:-1]):
            raise SpecError(f"{where} has no {name[:-1]}")


def _produced(output: Json, where: str) -> None:
    if output is not None and output.keys() != {"producerTask", "outputParameterKey"}:
        raise SpecError(f"{where} must name a producerTask and an outputParameterKey")


def _is(value: Json, kind: str) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "integer":  # protojson reads 64-bit integers from strings too, as it writes them
        digits = value.removeprefix("-") if isinstance(value, str) else ""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (digits.isascii() and digits.isdigit())
    return isinstance(value, str)
