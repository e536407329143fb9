"""Templates that are Jobs: what Kubernetes' own type would lose of them is refused.

The words are those of the Go code of Katib's validator, run with its libraries (k8s.io/api 0.34).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.builtin.conversion import written_back
from pytest_kubeflow.local.katib.validation.job import job_error


def job(spec: Any = None, **more: Any) -> dict[str, Any]:
    made = {"apiVersion": "batch/v1", "kind": "Job", **more}
    return made if spec is None else {**made, "spec": spec}


def pod(container: Any = None, *, template: Any = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "a", **(container or {})}]
    return job({"template": {**(template or {}), "spec": {"containers": containers, **spec}}})


WRITTEN = (
    ' to Job, converted template: {"kind":"Job","apiVersion":"batch/v1","metadata":{},"spec":'
    '{"template":{"metadata":{},"spec":{"containers":[{"name":"a","resources":{}}]}}},"status":{}}'
)
CONTAINER = "/spec/template/spec/containers/0"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        (pod({"comand": ["x"]}), f"{CONTAINER}/comand - [x]"),
        (pod({"args": []}), f"{CONTAINER}/args - []"),
        (pod({"stdin": False}), f"{CONTAINER}/stdin - false"),
        (pod(volumes=None), "/spec/template/spec/volumes - <nil>"),
        (
            pod(template={"metadata": {"creationTimestamp": None}}),
            "/spec/template/metadata/creationTimestamp - <nil>",
        ),
        (
            pod(template={"metadata": {"foo/bar": {"a": [1, None, True]}}}),
            "/spec/template/metadata/foo~1bar - map[a:[1 <nil> true]]",
        ),
        (job({**pod()["spec"], "tamplate": 1234567}), "/spec/tamplate - 1.234567e+06"),
        (job({**pod()["spec"], "completions": None}), "/spec/completions - <nil>"),
        ({**pod(), "items": []}, "/items - []"),
        (pod({"resources": {"limits": {}}}), f"{CONTAINER}/resources/limits - map[]"),
    ],
)
def test_what_would_be_lost(template: dict[str, Any], path: str) -> None:
    assert job_error(template, written_back) == f"unable to convert: {path}{WRITTEN}"


def test_amounts_are_written_in_their_own_way() -> None:
    volumes = [{"name": "v", "emptyDir": {"sizeLimit": "1024Mi"}}]
    message = job_error(pod(volumes=volumes), written_back) or ""
    assert message.startswith(
        "unable to convert: /spec/template/spec/volumes/0/emptyDir/sizeLimit - 1024Mi to Job"
    )
    limits = {"limits": {"memory": "1024Mi", "cpu": 1, "nvidia.com/gpu": "1"}}
    assert job_error(pod({"resources": limits}), written_back) is None


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (pod({"command": "x"}), "cannot restore slice from string"),
        (pod({"image": 3}), "cannot convert int64 to string"),
        (pod({"image": 1.5}), "unrecognized type: string"),
        (pod({"env": [{"name": "A", "value": 1}]}), "cannot convert int64 to string"),
        (pod({"tty": 1}), "unrecognized type: bool"),
        (pod(hostNetwork="yes"), "unrecognized type: bool"),
        (job({"backoffLimit": "0"}), "unrecognized type: int32"),
        (job({"backoffLimit": 0.5}), "cannot convert float64 to int32"),
        (job(3), "cannot restore struct from: int64"),
        (job([]), "cannot restore struct from: slice"),
        (pod(containers={"name": "a"}), "cannot restore slice from map"),
        (pod(containers=["a"]), "cannot restore struct from: string"),
        (job({}, metadata={"annotations": []}), "cannot restore map from slice"),
        (job({}, metadata={"labels": {"a": 1}}), "cannot convert int64 to string"),
        (
            pod({"livenessProbe": {"httpGet": {"port": True}}}),
            "json: cannot unmarshal bool into Go value of type int32",
        ),
        (
            pod({"resources": {"limits": {"cpu": "lots"}}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?"
            "[0-9]*)$'",
        ),
    ],
)
def test_values_of_other_types(template: dict[str, Any], words: str) -> None:
    message = job_error(template, written_back) or ""
    assert message.startswith(
        "unable to convert spec.TrialTemplate: map[apiVersion:batch/v1 kind:Job"
    )
    assert message.endswith(f" to Job: {words}")


def test_what_no_job_would_lose() -> None:
    whole = pod(
        {
            "image": "",
            "ports": [{"containerPort": 80}],
            "livenessProbe": {"httpGet": {"port": "80"}},
            "env": [{"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
            "securityContext": {"runAsUser": 0},
        },
        automountServiceAccountToken=False,
        volumes=[{"name": "v", "emptyDir": {}}],
    )
    whole["spec"]["backoffLimit"] = 0
    message = job_error(whole, written_back) or ""
    assert f"unable to convert: {CONTAINER}/image -  to Job" in message
    whole["spec"]["template"]["spec"]["containers"][0]["image"] = "b"
    assert job_error(whole, written_back) is None
    assert job_error({**whole, "kind": "TrainJob", "foo": 1}, written_back) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(
    st.sampled_from(["image", "command", "env", "resources", "ports", "livenessProbe", "x"]), JSON
)
def test_any_value_is_one_of_a_job_or_refused(field: str, value: Any) -> None:
    found = job_error(pod({field: value}), written_back)
    assert found is None or found.startswith("unable to convert")
