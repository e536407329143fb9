"""Values of other types than Katib's, which Go's decoder refuses before anybody looks at them.

Types: kubeflow/katib v0.19.0, pkg/apis/controller; words: encoding/json of Go.
"""

from __future__ import annotations

from pytest_kubeflow.local.golang.encoding import type_errors, without_nulls
from pytest_kubeflow.local.katib.templates import has_kind, missing_kind
from pytest_kubeflow.local.kube.client import Object


class DecodingError(Exception):
    """The spec of an experiment cannot be read; the message is Go's."""


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
        "primaryPodLabels": {"": "string"},
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


def decoded(experiment: Object) -> Object:
    """An experiment as Go has read it. Raises DecodingError."""
    spec = experiment.get("spec")
    for found in type_errors("Experiment", "spec", spec, _SPEC, package="v1beta1"):
        raise DecodingError(found)
    template = ((spec or {}).get("trialTemplate") or {}).get("trialSpec")
    if template is not None and not has_kind(template):
        raise DecodingError(missing_kind(template))
    return {**experiment, "spec": without_nulls(spec or {}, _SPEC)}
