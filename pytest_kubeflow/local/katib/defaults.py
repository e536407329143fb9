"""What an Experiment does not say, as Katib's webhook fills it in.

Rules: kubeflow/katib v0.19.0, pkg/apis/controller/experiments/v1beta1/experiment_defaults.go.
"""

from __future__ import annotations

import copy

from pytest_kubeflow.local.kube.client import Object

_STRATEGIES = {"minimize": "min", "maximize": "max"}
_CONDITION = 'status.conditions.#(type=="{}")#|#(status=="True")#'
# By kind: how success is called, and the labels of the pod that counts.
_JOB_ROLE = {"training.kubeflow.org/job-role": "master"}
_KINDS: dict[str, tuple[str, dict[str, str] | None]] = {
    "Job": ("Complete", None),
    "TrainJob": (
        "Complete",
        {
            "jobset.sigs.k8s.io/replicatedjob-name": "node",
            "batch.kubernetes.io/job-completion-index": "0",
        },
    ),
    **dict.fromkeys(("TFJob", "PyTorchJob", "XGBoostJob", "MPIJob"), ("Succeeded", _JOB_ROLE)),
}


def with_defaults(experiment: Object) -> Object:
    """The experiment as it is stored."""
    made: Object = copy.deepcopy(experiment)
    spec = made.setdefault("spec", {})
    if spec.get("parallelTrialCount") is None:
        spec["parallelTrialCount"] = 3
    if not spec.get("resumePolicy"):
        spec["resumePolicy"] = "Never"
    if spec.get("objective") is not None:
        _strategies(spec["objective"])
    if (spec.get("trialTemplate") or {}).get("trialSpec") is not None:
        _template(spec["trialTemplate"])
    _collector(spec)
    for parameter in spec.get("parameters") or []:
        space = parameter.setdefault("feasibleSpace", {})
        if not space.get("distribution"):
            space["distribution"] = "uniform"
    return made


def _strategies(objective: Object) -> None:
    strategies = list(objective.get("metricStrategies") or [])
    known = {one.get("name") for one in strategies}
    chosen = _STRATEGIES.get(objective.get("type", ""), "latest")
    name = objective.get("objectiveMetricName", "")
    if name not in known:
        strategies.append({"name": name, "value": chosen})
    # Only what was named at first counts as known: an objective that is named among these, too.
    strategies += [
        {"name": one, "value": chosen}
        for one in objective.get("additionalMetricNames") or []
        if one not in known - {name}
    ]
    objective["metricStrategies"] = strategies


def _template(template: Object) -> None:
    kind = template["trialSpec"].get("kind")
    found = _KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        return
    success, labels = found
    if not template.get("successCondition"):
        template["successCondition"] = _CONDITION.format(success)
    if not template.get("failureCondition"):
        template["failureCondition"] = _CONDITION.format("Failed")
    if labels is not None and not template.get("primaryPodLabels"):
        template["primaryPodLabels"] = dict(labels)


def _collector(spec: Object) -> None:
    collector = spec.get("metricsCollectorSpec") or {}
    if collector.get("collector") is None:
        collector["collector"] = {"kind": "StdOut"}
    spec["metricsCollectorSpec"] = collector
    kind = collector["collector"].get("kind")
    if kind == "PrometheusMetric":
        get = _source(collector).setdefault("httpGet", {})
        get["path"] = get.get("path") or "/metrics"
        get["port"] = get.get("port") or 8080
    elif kind in {"File", "TensorFlowEvent"}:
        place = _source(collector).setdefault("fileSystemPath", {})
        is_file = kind == "File"
        place["kind"] = place.get("kind") or ("File" if is_file else "Directory")
        usual = "/var/log/katib/metrics.log" if is_file else "/var/log/katib/tfevent/"
        place["path"] = place.get("path") or usual
        if is_file:
            place["format"] = place.get("format") or "TEXT"


def _source(collector: Object) -> Object:
    source: Object = collector.get("source") or {}
    collector["source"] = source
    return source
