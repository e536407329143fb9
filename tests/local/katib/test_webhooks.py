"""What Katib's webhooks fill in and refuse, in Katib's words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.katib.conftest import Experiment, Katib, experiment

VALIDATOR = 'admission webhook "validator.experiment.katib.kubeflow.org" denied the request: '
DEFAULTER = 'admission webhook "defaulter.experiment.katib.kubeflow.org" denied the request: '
DOUBLE = {"name": "num-layers", "parameterType": "double"}


def refused(katib: Katib, body: Experiment, *, name: str = "refused") -> str:
    with pytest.raises(ApiException) as error:
        katib.create(body, name=name)
    assert error.value.status == 400
    message: str = json.loads(error.value.body)["message"]
    return message


def changed(**spec: Any) -> Experiment:
    return experiment(**spec)


def template(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {**experiment()["spec"]["trialTemplate"], **more}
    return {key: one for key, one in made.items() if one is not None}


REFUSALS: list[tuple[str, Experiment, str]] = [
    (
        "parallel",
        changed(parallelTrialCount=4),
        "spec.parallelTrialCount: Invalid value: 4: should be less than or equal to "
        "spec.maxTrialCount",
    ),
    (
        "none parallel",
        changed(parallelTrialCount=0),
        "spec.parallelTrialCount: Invalid value: 0: must be greater than 0",
    ),
    (
        "failed",
        changed(maxFailedTrialCount=9),
        "spec.maxFailedTrialCount: Invalid value: 9: should be less than or equal to "
        "spec.maxTrialCount",
    ),
    (
        "fewer than none",
        changed(maxFailedTrialCount=-1),
        "spec.maxFailedTrialCount: Invalid value: -1: should not be less than 0",
    ),
    (
        "algorithm",
        changed(algorithm={"algorithmName": "hyperband"}),
        'spec.algorithm.algorithmName: Invalid value: "hyperband": unable to get Suggestion config '
        "data for algorithm hyperband: failed to find suggestion config for algorithm: hyperband "
        "in ConfigMap: katib-config",
    ),
    (
        "stopping",
        changed(earlyStopping={"algorithmName": "asha"}),
        'spec.earlyStopping.algorithmName: Invalid value: "asha": unable to get EarlyStopping '
        "config data for algorithm asha: failed to find early stopping config for algorithm: asha "
        "in ConfigMap: katib-config",
    ),
    (
        "objective",
        changed(objective={"type": "best", "objectiveMetricName": "accuracy"}),
        'spec.objective.type: Invalid value: "best": must be minimize or maximize',
    ),
    ("no objective", changed(objective=None), "spec.objective: Required value: must be specified"),
    (
        "resume",
        changed(resumePolicy="Sometimes"),
        'spec.resumePolicy: Invalid value: "Sometimes": invalid ResumePolicyType',
    ),
    (
        "no space",
        changed(parameters=[{**DOUBLE, "feasibleSpace": {"min": "1"}}]),
        "spec.parameters[0].feasibleSpace.max: Required value: feasibleSpace.max or "
        "feasibleSpace.min must be specified for parameterType: double",
    ),
    (
        "a list of numbers",
        changed(parameters=[{**DOUBLE, "feasibleSpace": {"min": "1", "max": "2", "list": ["1"]}}]),
        'spec.parameters[0].feasibleSpace.list: Invalid value: ["1"]: feasibleSpace.list is not '
        "supported for parameterType: double",
    ),
    (
        "kind",
        changed(parameters=[{**DOUBLE, "parameterType": "float", "feasibleSpace": {"min": "1"}}]),
        'spec.parameters[0].parameterType: Invalid value: "float": parameterType: float is not '
        "supported",
    ),
    (
        "an unused parameter",
        changed(
            trialTemplate=template(
                trialParameters=[
                    *template()["trialParameters"],
                    {"name": "rate", "reference": "num-layers"},
                ]
            )
        ),
        "parameter reference num-layers can't be duplicated in "
        "spec.trialTemplate.trialParameters: [{layers  num-layers} {rate  num-layers}]",
    ),
    (
        "an unknown reference",
        changed(trialTemplate=template(trialParameters=[{"name": "layers", "reference": "depth"}])),
        'spec.trialTemplate.trialParameters[0].reference: Invalid value: "depth": parameter '
        "reference depth does not exist in spec.parameters: [{num-layers int {9 2 []  uniform}}]",
    ),
    (
        "an undeclared placeholder",
        experiment("echo ${trialParameters.layers} ${trialParameters.rate}"),
        'spec.trialTemplate: Invalid value: "": parameters: [${trialParameters.rate}] in '
        "spec.trialTemplate not found in spec.trialParameters: [{layers  num-layers}]",
    ),
    (
        "no placeholder",
        experiment("echo accuracy=1"),
        'spec.trialTemplate.trialParameters[0].name: Invalid value: "layers": parameter name: '
        "layers in spec.trialParameters not found in spec.trialTemplate: {",
    ),
    (
        "no container",
        changed(trialTemplate=template(primaryContainerName=None)),
        "spec.trialTemplate.primaryContainerName: Required value: must be specified",
    ),
    (
        "no template",
        changed(trialTemplate=None),
        "spec.trialTemplate: Required value: must be specified",
    ),
    (
        "a kind without conditions",
        changed(
            trialTemplate=template(
                trialSpec={**template()["trialSpec"], "kind": "CronJob"},
            )
        ),
        "spec.trialTemplate: Required value: successCondition and failureCondition must be "
        "specified",
    ),
    (
        "collector",
        changed(metricsCollectorSpec={"collector": {"kind": "Smoke"}}),
        'spec.metricsCollectorSpec.collector.kind: Invalid value: "Smoke": invalid metrics '
        "collector kind: Smoke",
    ),
    (
        "one group",
        changed(
            metricsCollectorSpec={
                "collector": {"kind": "File"},
                "source": {"filter": {"metricsFormat": ["(a)=b"]}},
            }
        ),
        'spec.metricsCollectorSpec.source.filter.metricsFormat: Invalid value: "(a)=b": two top '
        "subexpressions are required",
    ),
    (
        "a ConfigMap that is not there",
        changed(
            trialTemplate=template(
                trialSpec=None,
                successCondition="a",
                failureCondition="b",
                configMap={
                    "configMapName": "gone",
                    "configMapNamespace": "kubeflow",
                    "templatePath": "x",
                },
            )
        ),
        'spec.trialTemplate: Invalid value: "": unable to parse spec.trialTemplate: configMap not '
        'found: configmaps "gone" not found',
    ),
]


@pytest.mark.parametrize(
    ("body", "message"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS]
)
def test_what_is_refused(katib: Katib, body: Experiment, message: str) -> None:
    found = refused(katib, body)
    assert found.startswith(VALIDATOR)
    assert message in found


def put(body: Experiment, path: str, value: Any) -> Experiment:
    """The experiment with another value at a path of its spec, `a.b.0.c`."""
    *way, last = [int(one) if one.isdigit() else one for one in path.split(".")]
    inner: Any = body["spec"]
    for one in way:
        inner = inner[one]
    inner[last] = value
    return body


ODD: list[tuple[str, Any]] = [
    ("parameters", {}),
    ("parameters", [None]),
    ("parameters.0.feasibleSpace", None),
    ("parameters.0.feasibleSpace.list", [1]),
    ("parameters.0.feasibleSpace.min", 2),
    ("parameters.0.parameterType", []),
    ("objective.goal", "0.9"),
    ("objective.goal", True),
    ("objective.additionalMetricNames", "x"),
    ("objective.metricStrategies", [{"name": 3}]),
    ("algorithm.algorithmSettings", [3]),
    ("parallelTrialCount", 2**31),
    ("maxTrialCount", 1.5),
    ("metricsCollectorSpec", "StdOut"),
    ("metricsCollectorSpec", {"collector": {"kind": "File"}, "source": {"filter": []}}),
    ("trialTemplate.trialSpec", "Job"),
    ("trialTemplate.trialSpec", {}),
    ("trialTemplate.trialSpec.kind", []),
    ("trialTemplate.trialSpec.apiVersion", "a/b/c"),
    ("trialTemplate.trialSpec.metadata", {"name": "x"}),
    ("trialTemplate.trialSpec.spec", 3),
    ("trialTemplate.trialParameters", [None]),
    ("trialTemplate.trialParameters.0.name", "a{b}"),
    ("trialTemplate.trialParameters.0.name", None),
    ("trialTemplate.trialParameters.0.reference", None),
    ("trialTemplate.primaryPodLabels", {"a": 1}),
    ("trialTemplate.primaryPodLabels", ["a"]),
    ("trialTemplate.retain", "yes"),
    ("trialTemplate.configMap", {"configMapName": "a"}),
    ("earlyStopping", []),
    ("nasConfig", {}),
    ("resumePolicy", 3),
]


@pytest.mark.parametrize(("path", "value"), ODD, ids=[f"{one[0]}={one[1]!r}" for one in ODD])
def test_odd_values_are_refused_in_one_line(katib: Katib, path: str, value: Any) -> None:
    found = refused(katib, put(experiment(), path, value), name="odd")
    assert found.startswith((VALIDATOR, DEFAULTER)), found
    assert "\n" not in found
    if found.startswith(DEFAULTER):
        assert "json: cannot unmarshal " in found or "Object 'Kind' is missing in '" in found


def test_without_a_spec_it_says_what_is_missing(katib: Katib) -> None:
    found = refused(katib, {"metadata": {}, "spec": None}, name="odd")
    assert found == f"{VALIDATOR}spec.objective: Required value: must be specified"


def test_what_would_be_lost_of_a_job_is_refused(katib: Katib) -> None:
    body = experiment()
    container = body["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
    container["containers"][0]["imagePulPolicy"] = "Always"
    found = refused(katib, body)
    assert found.startswith(
        f'{VALIDATOR}spec.trialTemplate: Invalid value: "": invalid spec.trialTemplate: unable to '
        "convert: /spec/template/spec/containers/0/imagePulPolicy - Always to Job, converted "
        'template: {"kind":"Job","apiVersion":"batch/v1",'
    )


def test_filters_are_gos(katib: Katib) -> None:
    spec = {
        "collector": {"kind": "StdOut"},
        "source": {"filter": {"metricsFormat": ["(?=a)(b)(c)"]}},
    }
    name = katib.create(metricsCollectorSpec=spec)  # of StdOut nobody looks at them
    katib.delete(name)
    spec = {**spec, "collector": {"kind": "File"}}
    assert (
        'metricsFormat: Invalid value: "(?=a)(b)(c)": invalid filter: error parsing regexp: '
        "invalid or unsupported Perl syntax: `(?=`"
    ) in refused(katib, changed(metricsCollectorSpec=spec))


@pytest.mark.parametrize("name", ["7days", "a" * 41])
def test_names_that_are_none(katib: Katib, name: str) -> None:
    found = refused(katib, experiment(), name=name)
    assert f'metadata.name: Invalid value: "{name}": name must consist of lower case' in found


def test_all_that_is_wrong_is_told_at_once(katib: Katib) -> None:
    found = refused(katib, changed(parallelTrialCount=4, resumePolicy="x"))
    assert found.startswith(f"{VALIDATOR}[spec.parallelTrialCount: ")
    assert found.endswith("invalid ResumePolicyType]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            changed(parameters=[{**DOUBLE, "feasibleSpace": {"min": 0.01, "max": "1"}}]),
            "json: cannot unmarshal number into Go struct field "
            "FeasibleSpace.spec.parameters.feasibleSpace.min of type string",
        ),
        (
            changed(maxTrialCount="3"),
            "json: cannot unmarshal string into Go struct field "
            "ExperimentSpec.spec.maxTrialCount of type int32",
        ),
    ],
)
def test_numbers_and_texts_are_not_the_same(katib: Katib, body: Experiment, message: str) -> None:
    assert refused(katib, body) == DEFAULTER + message


def test_what_is_not_said_is_filled_in(katib: Katib) -> None:
    body = experiment()
    for field in ("parallelTrialCount", "maxFailedTrialCount"):
        del body["spec"][field]
    name = katib.create(body)
    spec = katib.get(name)["spec"]
    assert (spec["parallelTrialCount"], spec["resumePolicy"]) == (3, "Never")
    assert spec["objective"]["metricStrategies"] == [
        {"name": "accuracy", "value": "max"},
        {"name": "Train-accuracy", "value": "max"},
    ]
    assert spec["metricsCollectorSpec"] == {"collector": {"kind": "StdOut"}}
    assert spec["parameters"][0]["feasibleSpace"]["distribution"] == "uniform"
    assert spec["trialTemplate"]["successCondition"] == (
        'status.conditions.#(type=="Complete")#|#(status=="True")#'
    )
    katib.ended(name)


def test_only_counts_may_change(katib: Katib) -> None:
    name = katib.create()
    for spec, message in (
        (
            {"algorithm": {"algorithmName": "tpe"}},
            "spec: Forbidden: only spec.parallelTrialCount, spec.maxTrialCount and "
            "spec.maxFailedTrialCount are editable",
        ),
    ):
        with pytest.raises(ApiException) as error:
            katib.patch(name, {"spec": copy.deepcopy(spec)})
        assert message in error.value.body
    katib.ended(name)
    with pytest.raises(ApiException) as error:
        katib.patch(name, {"spec": {"maxTrialCount": 9}})
    assert "Experiment can be restarted if it is in succeeded state" in error.value.body


def test_a_namespace_without_the_label_takes_no_experiments(katib: Katib) -> None:
    label = "katib.kubeflow.org/metrics-collector-injection"

    def put(value: str | None) -> None:
        patch = {"metadata": {"labels": {label: value}}}
        katib.core.patch_namespace(katib.namespace, patch)

    put(None)
    try:
        found = refused(katib, experiment(), name="unlabelled")
    finally:
        put("enabled")
    assert found == (
        f'{VALIDATOR}Cannot create the Experiment "unlabelled" in namespace "{katib.namespace}": '
        f'the namespace lacks label "{label}: enabled"'
    )


def grid(**space: str) -> dict[str, Any]:
    return {
        "algorithm": {"algorithmName": "grid"},
        "parameters": [{**DOUBLE, "feasibleSpace": space}],
    }


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            grid(min="0", max="1"),
            "Param num-layers step is nil; For discrete search space, all parameters must include "
            "step",
        ),
        (
            grid(min="0", max="1", step="1"),
            "Max Trial Count: 3 > all possible search combinations: 2",
        ),
        (
            {
                "algorithm": {
                    "algorithmName": "random",
                    "algorithmSettings": [{"name": "speed", "value": "1"}],
                }
            },
            "unknown setting speed for algorithm random",
        ),
    ],
)
def test_what_the_algorithm_refuses_ends_the_experiment(
    katib: Katib, spec: dict[str, Any], message: str
) -> None:
    name = katib.create(**spec)
    status = katib.ended(name)
    assert status["conditions"][-1]["message"] == "Suggestion has failed"
    last = katib.get(name, "suggestions")["status"]["conditions"][-1]
    assert last["type"] == "Failed"
    assert last["message"].startswith("Validation failed: ValidateAlgorithmSettings Error: ")
    assert message in last["message"]


def test_a_grid_visits_each_point_once(katib: Katib) -> None:
    name = katib.create(
        algorithm={"algorithmName": "grid"},
        maxTrialCount=4,
        parameters=[
            {
                "name": "num-layers",
                "parameterType": "int",
                "feasibleSpace": {"min": "3", "max": "9", "step": "2"},
            }
        ],
    )
    katib.ended(name)
    found = sorted(one["spec"]["parameterAssignments"][0]["value"] for one in katib.trials(name))
    assert found == ["3", "5", "7", "9"]


def test_tpe_by_optuna(katib: Katib) -> None:
    name = katib.create(algorithm={"algorithmName": "tpe"}, maxTrialCount=5)
    assert katib.ended(name)["trialsSucceeded"] == 5
    values = [int(one["spec"]["parameterAssignments"][0]["value"]) for one in katib.trials(name)]
    assert all(2 <= one <= 9 for one in values)
