"""What is refused of an Experiment that is made or changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence

from pytest_kubeflow.local.katib.config import ConfigError, KatibConfig
from pytest_kubeflow.local.katib.experimentstatus import is_completed, is_restartable
from pytest_kubeflow.local.katib.validation.collector import collector_errors
from pytest_kubeflow.local.katib.validation.fields import forbidden, invalid, required
from pytest_kubeflow.local.katib.validation.job import WriteBack
from pytest_kubeflow.local.katib.validation.template import template_errors
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAME_RULE = (
    "name must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name', or 'abc-123', regex used "
    "for validation is '^[a-z]([-a-z0-9]*[a-z0-9])?)') and may not be longer than 40 characters. "
)
_POLICIES = ("", "Never", "LongRunning", "FromVolume")
_KINDS = ("int", "double", "categorical", "discrete", "unknown")
_DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal", "unknown")
_COUNTS = ("maxFailedTrialCount", "maxTrialCount", "parallelTrialCount")


async def experiment_errors(
    client: KubeClient,
    config: KatibConfig,
    experiment: Object,
    before: Object | None,
    write_back: WriteBack,
) -> list[str]:
    """All errors, `before` being what it was until now."""
    spec = experiment["spec"]
    errors = _name_errors(experiment["metadata"].get("name", "")) + _count_errors(spec)
    if before is not None:
        errors += _change_errors(experiment, before)
    if objective := _objective_errors(spec.get("objective")):
        return errors + objective
    errors += _algorithm_errors(spec.get("algorithm"), config)
    errors += _stopping_errors(spec.get("earlyStopping"), config)
    if spec.get("resumePolicy", "") not in _POLICIES:
        errors.append(
            invalid("spec.resumePolicy", spec["resumePolicy"], "invalid ResumePolicyType")
        )
    errors += await template_errors(client, experiment, write_back)
    parameters, networks = spec.get("parameters") or [], spec.get("nasConfig")
    if not parameters and networks is None:
        errors.append(required("spec", "spec.parameters or spec.nasConfig must be specified"))
    if parameters and networks is not None:
        why = "only one of spec.parameters and spec.nasConfig can be specified"
        errors.append(invalid("spec", spec, why))
    errors += _parameter_errors(parameters)
    return errors + collector_errors(experiment, config)


def _name_errors(name: str) -> list[str]:
    # The pattern has no end there: what stands behind a good beginning is left to Kubernetes.
    if _NAME.match(name) and len(name) <= 40:
        return []
    return [invalid("metadata.name", name, _NAME_RULE)]


def _count_errors(spec: Object) -> list[str]:
    failed, most, parallel = (spec.get(name) for name in _COUNTS)
    errors = []
    if failed is not None and failed < 0:
        errors.append(invalid("spec.maxFailedTrialCount", failed, "should not be less than 0"))
    if most is not None and most <= 0:
        errors.append(invalid("spec.maxTrialCount", most, "must be greater than 0"))
    if parallel is not None and parallel <= 0:
        errors.append(invalid("spec.parallelTrialCount", parallel, "must be greater than 0"))
    for name, value in (("maxFailedTrialCount", failed), ("parallelTrialCount", parallel)):
        if value is not None and most is not None and value > most:
            why = "should be less than or equal to spec.maxTrialCount"
            errors.append(invalid(f"spec.{name}", value, why))
    return errors


def _change_errors(experiment: Object, before: Object) -> list[str]:
    """Of what has been made only the counts may change."""
    spec, errors = experiment["spec"], []
    old = copy.deepcopy(before.get("spec") or {})
    changed = spec != old
    if changed and is_completed(before) and not is_restartable(before):
        why = (
            "Experiment can be restarted if it is in succeeded state by reaching max trials and "
            "spec.resumePolicy = LongRunning or spec.resumePolicy = FromVolume, when experiment "
            "is completed"
        )
        errors.append(invalid("spec.resumePolicy", spec.get("resumePolicy", ""), why))
    most = spec.get("maxTrialCount")
    if changed and most is not None and most <= (before.get("status") or {}).get("trials", 0):
        why = "must be greater than status.trials count"
        errors.append(invalid("spec.maxTrialCount", most, why))
    for name in _COUNTS:
        old.pop(name, None)
        if name in spec:
            old[name] = spec[name]
    if spec != old:
        why = (
            "only spec.parallelTrialCount, spec.maxTrialCount and spec.maxFailedTrialCount are "
            "editable"
        )
        errors.append(forbidden("spec", why))
    return errors


def _objective_errors(objective: Object | None) -> list[str]:
    if objective is None:
        return [required("spec.objective", "must be specified")]
    errors = []
    kind, name = objective.get("type", ""), objective.get("objectiveMetricName", "")
    if kind not in {"minimize", "maximize"}:
        errors.append(invalid("spec.objective.type", kind, "must be minimize or maximize"))
    if not name:
        errors.append(required("spec.objective.objectiveMetricName", "must be specified"))
    more = objective.get("additionalMetricNames") or []
    if name in more:
        why = "should not contain spec.objective.objectiveMetricName"
        errors.append(invalid("spec.objective.additionalMetricNames", more, why))
    return errors


def _algorithm_errors(algorithm: Object | None, config: KatibConfig) -> list[str]:
    if algorithm is None:
        return [required("spec.algorithm", "must be specified")]
    errors, path = [], "spec.algorithm.algorithmName"
    name = algorithm.get("algorithmName", "")
    if not name:
        errors.append(required(path, "must be specified"))
    try:
        config.suggestion(name)
    except ConfigError as error:
        why = f"unable to get Suggestion config data for algorithm {name}: {error}"
        errors.append(invalid(path, name, why))
    return errors


def _stopping_errors(stopping: Object | None, config: KatibConfig) -> list[str]:
    if stopping is None:
        return []
    errors, path = [], "spec.earlyStopping.algorithmName"
    name = stopping.get("algorithmName", "")
    if not name:
        errors.append(required(path, "must be specified"))
    try:
        config.early_stopping(name)
    except ConfigError as error:
        why = f"unable to get EarlyStopping config data for algorithm {name}: {error}"
        errors.append(invalid(path, name, why))
    return errors


def _parameter_errors(parameters: Sequence[Object]) -> list[str]:
    errors = []
    for number, one in enumerate(parameters):
        path = f"spec.parameters[{number}]"
        kind, space = one.get("parameterType", ""), one.get("feasibleSpace") or {}
        if kind not in _KINDS:
            why = f"parameterType: {kind} is not supported"
            errors.append(invalid(f"{path}.parameterType", kind, why))
        path = f"{path}.feasibleSpace"
        if (distribution := space.get("distribution", "")) not in ("", *_DISTRIBUTIONS):
            why = f"distribution: {distribution} is not supported"
            errors.append(invalid(f"{path}.distribution", distribution, why))
        if not any(space.values()):
            errors.append(required(path, "feasibleSpace must be specified"))
        elif kind in {"double", "int"}:
            if listed := space.get("list"):
                why = f"feasibleSpace.list is not supported for parameterType: {kind}"
                errors.append(invalid(f"{path}.list", listed, why))
            if not space.get("max") or not space.get("min"):
                why = (
                    "feasibleSpace.max or feasibleSpace.min must be specified for "
                    f"parameterType: {kind}"
                )
                errors.append(required(f"{path}.max", why))
        elif kind in {"categorical", "discrete"} and any(
            space.get(field) for field in ("max", "min", "step")
        ):
            why = f"feasibleSpace .max, .min and .step is not supported for parameterType: {kind}"
            errors.append(invalid(path, space, why))
    return errors
