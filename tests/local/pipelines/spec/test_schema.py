"""Documents are read as protojson reads them.

What is taken and what is not was compared with protojson of Go, by some ten thousand changes of
upstream's packages; these are the kinds of them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError, check_supported
from tests.local.pipelines.wellformed import DEFAULTS, changed

ONLY = "root.dag.tasks.only"
CONTAINER = "deploymentSpec.executors.exec.container"
NEEDED = "root.inputDefinitions.parameters.needed"


def read(spec: Any, config: Any = None) -> PipelineDocument:
    """What a package with this spec and executor config is read as."""
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec": config}}}}}
    document = PipelineDocument.parse(
        "\n---\n".join(json.dumps(one) for one in ([spec, platform] if config else [spec]))
    )
    check_supported(document)
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{ONLY}.taskInfo", "x", "taskInfo is not an object"),
        (f"{ONLY}.taskInfo", "", "taskInfo is not an object"),
        (f"{ONLY}.taskInfo", [], "taskInfo is not an object"),
        (f"{ONLY}.taskInfo", 5, "PipelineSpec.root.dag.tasks.taskInfo is not an object"),
        (f"{ONLY}.retryPolicy", {"maxRetryCount": "x"}, "maxRetryCount"),
        (f"{ONLY}.retryPolicy", {"maxRetryCount": 1.5}, "maxRetryCount"),
        (f"{ONLY}.retryPolicy", {"maxRetryCount": 2**31}, "maxRetryCount"),
        (f"{ONLY}.retryPolicy", {"backoffDuration": "soon"}, "backoffDuration"),
        (f"{ONLY}.triggerPolicy", {"condition": 5}, "condition"),
        (f"{ONLY}.triggerPolicy", {"strategy": "BOGUS"}, "BOGUS"),
        (f"{ONLY}.dependentTasks", [None], "null is not allowed"),
        (f"{ONLY}.dependentTasks", "only", r"must be in \[\]"),
        (f"{ONLY}.cachingOptions", {"enableCache": "true"}, "enableCache"),
        (f"{ONLY}.inputs", {"parameters": {"x": {"runtimeValue": {"constant": 1, "runtimeParameter":
          "y"}}}}, "oneof"),
        (f"{CONTAINER}.command", ["echo", 5], "command"),
        (f"{CONTAINER}.command", "true", r"command must be in \[\]"),
        (f"{CONTAINER}.resources", {"cpuLimit": "much"}, "cpuLimit"),
        (f"{CONTAINER}.bogus", 1, "unknown field 'bogus'"),
        ("root.dag.tasks", [], "must be in a dict"),
        ("pipelineInfo.bogus", 1, "unknown field 'bogus'"),
        ("pipelineInfo.name", 5, "name"),
        (f"{NEEDED}.parameterType", "BOGUS", "BOGUS"),
        (f"{NEEDED}.parameterType", "3", "parameterType"),
        (f"{NEEDED}.parameterType", True, "parameterType"),
    ],
)  # fmt: skip
def test_what_is_wrongly_typed_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read(changed(DEFAULTS, path, value))
    assert "\n" not in str(caught.value)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(SpecError, match="description"):
        PipelineDocument.from_struct(changed(DEFAULTS, f"{NEEDED}.description", "\ud800"))


def test_what_protojson_takes_is_read_into_one_form() -> None:
    spec = changed(DEFAULTS, f"{ONLY}.retry_policy", {"max_retry_count": "3"})
    spec = changed(spec, f"{ONLY}.triggerPolicy", {"strategy": 2, "condition": None})
    spec = changed(spec, f"{NEEDED}.parameterType", 3)
    spec = changed(spec, f"{CONTAINER}.env", [{"name": "A", "value": ""}])
    spec["schema_version"] = spec.pop("schemaVersion")
    found = read(spec).spec
    task = found["root"]["dag"]["tasks"]["only"]
    assert task["retryPolicy"] == {"maxRetryCount": 3}
    assert task["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert found["root"]["inputDefinitions"]["parameters"]["needed"] == {"parameterType": "STRING"}
    assert found["schemaVersion"] == "2.1.0"
    assert PipelineDocument.from_struct(found).spec == found


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("inputs", {"parameters": {"x": {"taskOutputParameter": {"producerTask": "only"}}}},
         "has no outputParameterKey"),
        ("inputs", {"parameters": {"x": {"componentInputParameter": ""}}}, "comes from ''"),
        ("inputs", {"parameters": {"x": {"runtimeValue": {"runtimeParameter": "x"}}}},
         "does not run the field 'runtimeParameter' yet"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read(changed(DEFAULTS, f"{ONLY}.{path}", value))
    outputs: dict[str, Any] = {"parameters": {"x": {}}}
    with pytest.raises(SpecError, match="output 'x' of component 'root' comes from nowhere"):
        read(changed(DEFAULTS, "root.dag.outputs", outputs))


GOOD: dict[str, Any] = {
    "pvcMount": [{"constant": "claim", "mountPath": "/data", "subPath": "a"}],
    "secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "K"}]}],
    "configMapAsVolume": [
        {"configMapNameParameter": {"runtimeValue": {"constant": "c"}}, "mountPath": "/c"}
    ],
    "nodeSelector": {"labels": {"disk": "fast"}},
    "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": "5"}],
    "securityContext": {"runAsUser": "1000", "runAsNonRoot": True},
    "activeDeadlineSeconds": 5,
}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bogus": 1}, "unknown field 'bogus' in platform config of executor 'exec'"),
        ({"pvcMount": {}}, "pvcMount of platform config of executor 'exec' is not a list"),
        ({"pvcMount": [{"constant": "claim"}]}, "has no mountPath"),
        ({"pvcMount": [{"mountPath": "/x", "taskOutputParameter": {"producerTask": "a"}}]},
         "must name a producerTask and an outputParameterKey"),
        ({"secretAsEnv": [{"secretName": 5}]}, "is not of type string: 5"),
        ({"secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k"}]}]}, "has no envVar"),
        ({"configMapAsVolume": [{"configMapNameParameter": "c", "mountPath": "/c"}]},
         "is no source of a parameter"),
        ({"nodeSelector": {"labels": {"disk": None}}}, "is not of type string: None"),
        ({"nodeSelector": []}, "is not an object"),
        ({"tolerations": [{"tolerationSeconds": 1.5}]}, "is not of type integer: 1.5"),
        ({"activeDeadlineSeconds": "soon"}, "is not of type integer: 'soon'"),
        ({"securityContext": {"runAsNonRoot": "yes"}}, "is not of type bool: 'yes'"),
        ({"podAffinity": []}, "does not run pod affinity yet"),
    ],
)  # fmt: skip
def test_executor_configs_are_checked(config: dict[str, Any], message: str) -> None:
    assert read(DEFAULTS, GOOD).platform["deploymentSpec"]["executors"]["exec"] == GOOD
    with pytest.raises(SpecError, match=message):
        read(DEFAULTS, GOOD | config)
