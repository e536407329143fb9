"""Values of other types than Katib's, which Go's decoder refuses before anybody looks at them.

Types: kubeflow/katib v0.19.0, pkg/apis/controller; words: encoding/json of Go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.gojson import json_type
from pytest_kubeflow.local.kube.client import Object

_SETTINGS = ("AlgorithmSetting", {"name": "string", "value": "string"})
_SPACE = (
    "FeasibleSpace",
    {
        "max": "string",
        "min": "string",
        "list": ["string"],
        "step": "string",
        "distribution": "v1beta1.Distribution",
    },
)
_PARAMETER = (
    "ParameterSpec",
    {"name": "string", "parameterType": "v1beta1.ParameterType", "feasibleSpace": _SPACE},
)
_OBJECTIVE = (
    "ObjectiveSpec",
    {
        "type": "v1beta1.ObjectiveType",
        "goal": "float64",
        "objectiveMetricName": "string",
        "additionalMetricNames": ["string"],
        "metricStrategies": [
            ("MetricStrategy", {"name": "string", "value": "v1beta1.MetricStrategyType"})
        ],
    },
)
_ALGORITHM = ("AlgorithmSpec", {"algorithmName": "string", "algorithmSettings": [_SETTINGS]})
_STOPPING = (
    "EarlyStoppingSpec",
    {
        "algorithmName": "string",
        "algorithmSettings": [("EarlyStoppingSetting", {"name": "string", "value": "string"})],
    },
)
_TEMPLATE = (
    "TrialTemplate",
    {
        "retain": "bool",
        "trialSpec": "object",
        "configMap": (
            "ConfigMapSource",
            {
                "configMapName": "string",
                "configMapNamespace": "string",
                "templatePath": "string",
            },
        ),
        "trialParameters": [
            (
                "TrialParameterSpec",
                {"name": "string", "description": "string", "reference": "string"},
            )
        ],
        "primaryContainerName": "string",
        "successCondition": "string",
        "failureCondition": "string",
    },
)
_COLLECTOR = (
    "MetricsCollectorSpec",
    {
        "source": (
            "SourceSpec",
            {
                "fileSystemPath": (
                    "FileSystemPath",
                    {
                        "path": "string",
                        "kind": "v1beta1.FileSystemKind",
                        "format": "v1beta1.FileFormat",
                    },
                ),
                "filter": ("FilterSpec", {"metricsFormat": ["string"]}),
                "httpGet": "object",
            },
        ),
        "collector": (
            "CollectorSpec",
            {"kind": "v1beta1.CollectorKind", "customCollector": "object"},
        ),
    },
)
_SPEC = (
    "ExperimentSpec",
    {
        "parameters": [_PARAMETER],
        "objective": _OBJECTIVE,
        "algorithm": _ALGORITHM,
        "earlyStopping": _STOPPING,
        "trialTemplate": _TEMPLATE,
        "parallelTrialCount": "int32",
        "maxTrialCount": "int32",
        "maxFailedTrialCount": "int32",
        "metricsCollectorSpec": _COLLECTOR,
        "nasConfig": "object",
        "resumePolicy": "v1beta1.ResumePolicyType",
    },
)
_INT32 = 2**31


def refusal(experiment: Object) -> str | None:
    """Why the spec of an experiment cannot be read; None: it can."""
    return next(_errors("Experiment", "spec", experiment.get("spec") or {}, _SPEC), None)


def _errors(struct: str, path: str, value: Any, wanted: Any) -> Iterator[str]:
    if value is None:
        return
    if isinstance(wanted, tuple):
        name, fields = wanted
        if not isinstance(value, dict):
            yield _error(struct, path, value, f"v1beta1.{name}")
            return
        for key, kind in fields.items():
            yield from _errors(name, f"{path}.{key}", value.get(key), kind)
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            kind = wanted[0] if isinstance(wanted[0], str) else f"v1beta1.{wanted[0][0]}"
            yield _error(struct, path, value, f"[]{kind}")
            return
        for one in value:
            yield from _errors(struct, path, one, wanted[0])
    elif not _fits(value, wanted):
        shown = f"number {value}" if isinstance(value, float) and wanted == "int32" else None
        yield _error(struct, path, value, wanted, shown=shown)


def _fits(value: Any, kind: str) -> bool:
    if kind in {"bool", "object"}:
        return isinstance(value, bool if kind == "bool" else dict)
    if kind == "int32":
        return isinstance(value, int) and not isinstance(value, bool) and -_INT32 <= value < _INT32
    if kind == "float64":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _error(struct: str, path: str, value: Any, kind: str, *, shown: str | None = None) -> str:
    return (
        f"json: cannot unmarshal {shown or json_type(value)} into Go struct field "
        f"{struct}.{path} of type {kind}"
    )
