"""The fields that Argo knows of a Workflow: a field that it does not know it leaves out, unsaid.

Source: argo-workflows v3.7 pkg/apis/workflow/v1alpha1/workflow_types.go. Where an object is
Kubernetes' own (a container's resources, a volume, an affinity), its fields are not looked at.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

_FREE = None
_PARAMETER = dict.fromkeys(
    ("name", "value", "default", "valueFrom", "globalName", "enum", "description"), _FREE
)
_ARTIFACT = dict.fromkeys(
    (
        *("name", "path", "mode", "from", "fromExpression", "archiveLogs", "s3", "git", "http"),
        *("artifactory", "hdfs", "raw", "oss", "gcs", "azure", "globalName", "archive"),
        *("optional", "subPath", "recurseMode", "artifactGC", "deleted", "plugin"),
    ),
    _FREE,
)
_ARGUMENTS: dict[str, Any] = {"parameters": [_PARAMETER], "artifacts": [_ARTIFACT]}
_OUTPUTS: dict[str, Any] = {**_ARGUMENTS, "result": _FREE, "exitCode": _FREE}
_CONTAINER: dict[str, Any] = dict.fromkeys(
    (
        *("name", "image", "command", "args", "workingDir", "ports", "envFrom", "env"),
        *("resources", "resizePolicy", "restartPolicy", "volumeMounts", "volumeDevices"),
        *("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "imagePullPolicy"),
        *("terminationMessagePath", "terminationMessagePolicy", "securityContext", "stdin"),
        *("stdinOnce", "tty"),
    ),
    _FREE,
)
_USER_CONTAINER = {**_CONTAINER, "mirrorVolumeMounts": _FREE}
_RETRY: dict[str, Any] = {
    **dict.fromkeys(("limit", "retryPolicy", "affinity", "expression"), _FREE),
    "backoff": dict.fromkeys(("duration", "factor", "maxDuration", "cap"), _FREE),
}
_STEP: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("name", "template", "templateRef", "inline", "withItems", "withParam", "when"),
            *("onExit", "hooks"),
        ),
        _FREE,
    ),
    "arguments": _ARGUMENTS,
    "withSequence": dict.fromkeys(("count", "start", "end", "format"), _FREE),
    "continueOn": dict.fromkeys(("error", "failed"), _FREE),
}
_TASK: dict[str, Any] = {**_STEP, "dependencies": _FREE, "depends": _FREE}
_TEMPLATE: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("name", "nodeSelector", "affinity", "daemon", "resource", "data", "http", "plugin"),
            *("volumes", "archiveLocation", "activeDeadlineSeconds", "parallelism", "failFast"),
            *("tolerations", "schedulerName", "priorityClassName", "priority", "memoize"),
            *("serviceAccountName", "automountServiceAccountToken", "executor", "hostAliases"),
            *("securityContext", "podSpecPatch", "metrics", "synchronization", "timeout"),
            *("annotations", "containerSet"),
        ),
        _FREE,
    ),
    "inputs": _ARGUMENTS,
    "outputs": _OUTPUTS,
    "metadata": dict.fromkeys(("labels", "annotations"), _FREE),
    "steps": [[_STEP]],
    "dag": {"target": _FREE, "tasks": [_TASK], "failFast": _FREE},
    "container": _CONTAINER,
    "script": {**_CONTAINER, "source": _FREE},
    "suspend": {"duration": _FREE},
    "initContainers": [_USER_CONTAINER],
    "sidecars": [_USER_CONTAINER],
    "retryStrategy": _RETRY,
}
_SPEC: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("entrypoint", "serviceAccountName", "automountServiceAccountToken", "executor"),
            *("volumes", "volumeClaimTemplates", "parallelism", "artifactRepositoryRef"),
            *("suspend", "nodeSelector", "affinity", "tolerations", "imagePullSecrets"),
            *("hostNetwork", "dnsPolicy", "dnsConfig", "onExit", "activeDeadlineSeconds"),
            *("priority", "schedulerName", "podPriorityClassName", "podPriority", "hostAliases"),
            *("securityContext", "podSpecPatch", "podDisruptionBudget", "metrics", "shutdown"),
            *("workflowTemplateRef", "synchronization", "volumeClaimGC", "podMetadata"),
            *("archiveLogs", "hooks", "workflowMetadata", "artifactGC"),
        ),
        _FREE,
    ),
    "templates": [_TEMPLATE],
    "arguments": _ARGUMENTS,
    "ttlStrategy": dict.fromkeys(
        ("secondsAfterCompletion", "secondsAfterSuccess", "secondsAfterFailure"), _FREE
    ),
    "podGC": dict.fromkeys(("strategy", "labelSelector", "deleteDelayDuration"), _FREE),
    "retryStrategy": _RETRY,
    "templateDefaults": _TEMPLATE,
}


def unknown_fields(spec: Mapping[str, Any]) -> list[str]:
    """The fields of a specification that Argo does not know, each with the one that was meant."""
    return list(_unknown(spec, _SPEC, "spec"))


def _unknown(value: Any, known: Any, where: str) -> Iterator[str]:
    if known is None or value is None:
        return
    if isinstance(known, list):
        for number, one in enumerate(value if isinstance(value, list) else ()):
            yield from _unknown(one, known[0], f"{where}[{number}]")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key in known:
                yield from _unknown(one, known[key], f"{where}.{key}")
                continue
            close = difflib.get_close_matches(str(key), known, n=1)
            yield f"{where}.{key}" + (f" (did you mean {close[0]}?)" if close else "")
