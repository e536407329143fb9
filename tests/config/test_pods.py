"""What people ask of helper pods: pairs, amounts and taints, from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.config.keyvalue import KeyValue, parse_annotations
from pytest_kubeflow.config.toleration import Toleration
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.pods.template import PodTemplate, pod_manifest
from tests.config.sources import resolved

TARGETS = """
[targets.strict]
pod-requests = "cpu=50m,memory=64Mi"
pod-labels = ["cost-center=42", "team=a"]
pod-toleration = ["dedicated=tests:NoSchedule"]
pod-image-pull-secret = "mirror"
"""


def test_every_source(tmp_path: Path) -> None:
    (tmp_path / "kubeflow-targets.toml").write_text(TARGETS)
    found = resolved(
        {"target": "strict", "pod_limits": ["cpu=1", "memory=1Gi,ephemeral-storage=2Gi"]},
        {"KF_POD_ANNOTATIONS": "example.com/why=a, b and c\nother=x=y", "KF_VOLUME_SIZE": "2Gi"},
        {"pod_node_selector": "pool=cpu,zone=a", "pod_priority_class": "low"},
        folder=tmp_path,
    )
    manifest = pod_manifest(
        "name",
        labels={"team": "ours counts"},
        containers=[],
        template=(template := PodTemplate.of(found.kubernetes)),
    )
    assert template.resources.manifest() == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "2Gi"},
    }
    assert (
        manifest["metadata"]["labels"].items()
        >= {
            "cost-center": "42",
            "team": "ours counts",
        }.items()
    )
    assert (
        manifest["metadata"]["annotations"].items()
        >= {
            "example.com/why": "a, b and c",
            "other": "x=y",
        }.items()
    )
    assert {
        key: manifest["spec"][key]
        for key in ("tolerations", "nodeSelector", "imagePullSecrets", "priorityClassName")
    } == {
        "tolerations": [
            {"key": "dedicated", "operator": "Equal", "value": "tests", "effect": "NoSchedule"}
        ],
        "nodeSelector": {"pool": "cpu", "zone": "a"},
        "imagePullSecrets": [{"name": "mirror"}],
        "priorityClassName": "low",
    }
    assert found.kubernetes.volume_size == "2Gi"


def test_nothing_is_asked_for_by_default() -> None:
    assert PodTemplate.of(resolved().kubernetes) == PodTemplate()
    assert Toleration("a") == resolved({"pod_toleration": "a"}).kubernetes.pod_tolerations[0]


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("pod_requests", "cpu", "'cpu' is not KEY=VALUE"),
        ("pod_requests", "cpu=lots", "'lots' is no quantity"),
        ("pod_limits", "cpu=-1", "'-1' is less than nothing"),
        ("pod_labels", "a=b c", "'b c' is no value of a label"),
        ("pod_labels", "-a=b", "'-a=b' is not KEY=VALUE"),
        ("pod_node_selector", "=b", "'=b' is not KEY=VALUE"),
        ("pod_toleration", "a:Never", "'Never' is no effect"),
        ("pod_image_pull_secret", "a,B", "valid: names of objects"),
        ("volume_size", "0", "'0' is not more than nothing"),
        ("volume_size", "10K", "small k"),
    ],
)
def test_what_is_not_valid_is_told(option: str, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved({option: text})
    assert message in caught.value.message
    assert f"--kf-{option.replace('_', '-')}" in caught.value.message


def test_commas_belong_to_the_value_unless_a_key_follows() -> None:
    assert parse_annotations('a={"x": 1, "y": 2},b=,c=1') == (
        KeyValue("a", '{"x": 1, "y": 2}'),
        KeyValue("b", ""),
        KeyValue("c", "1"),
    )


def test_a_request_above_its_limit_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved({"pod_requests": ["memory=1Mi", "cpu=2"]}, {"KF_POD_LIMITS": "cpu=1500m"})
    assert caught.value.message == (
        "--kf-pod-requests from command line and --kf-pod-limits from environment KF_POD_LIMITS: "
        "cpu=2 is more than its limit, cpu=1500m; Kubernetes takes no request above its limit"
    )
