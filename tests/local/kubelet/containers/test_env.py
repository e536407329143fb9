import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.kubelet.containers.env import (
    ConfigError,
    expand,
    field_value,
    resource_value,
    service_env,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(A)", "1"),
        ("$(A)$(B)", "12"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(A", "$(A"),
        ("$A", "$A"),
        ("costs 5$", "costs 5$"),
        ("a$$b", "a$b"),
        ("$()", "$()"),
        ("$($(A))", "$($(A))"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expected


@given(st.text(st.characters(exclude_characters="$")))
def test_expand_leaves_text_without_dollars_alone(text: str) -> None:
    assert expand(text, {"A": "1"}) == text


@given(st.text())
def test_doubled_dollars_never_expand(text: str) -> None:
    assert expand(text.replace("$", "$$"), {"A": "1"}) == text


POD = {
    "metadata": {
        "name": "p",
        "namespace": "ns",
        "uid": "u",
        "labels": {"b": "2", "a/x": 'say "1"'},
        "annotations": {"k": "v"},
    },
    "spec": {
        "nodeName": "n",
        "serviceAccountName": "sa",
        "containers": [
            {
                "name": "main",
                "resources": {"limits": {"cpu": "1500m"}, "requests": {"memory": "1.5Mi"}},
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.namespace", "ns"),
        ("metadata.labels['b']", "2"),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['k']", "v"),
        ("metadata.labels", 'a/x="say \\"1\\""\nb="2"'),
        ("spec.nodeName", "n"),
        ("spec.serviceAccountName", "sa"),
        ("status.podIP", "127.0.0.1"),
    ],
)
def test_downward_fields(path: str, value: str) -> None:
    assert field_value(POD, path) == value


def test_unknown_downward_field_is_named() -> None:
    with pytest.raises(ConfigError, match=r"unsupported fieldPath: spec\.secrets"):
        field_value(POD, "spec.secrets")


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", None, "2"),
        ("limits.cpu", "1m", "1500"),
        ("requests.memory", "1Mi", "2"),
        ("requests.memory", "1Ki", "1536"),
        ("requests.cpu", None, "0"),
        ("limits.memory", "1Gi", "4"),
    ],
)
def test_resource_fields(resource: str, divisor: str | None, value: str) -> None:
    reference = {"containerName": "main", "resource": resource, "divisor": divisor}
    assert resource_value(POD, {}, reference, {"cpu": "2", "memory": "4Gi"}) == value


def test_service_env() -> None:
    services = [
        {
            "metadata": {"name": "my-db"},
            "spec": {"clusterIP": "127.1.2.3", "ports": [{"port": 5432, "name": "sql"}]},
        },
        {"metadata": {"name": "headless"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}},
    ]
    assert service_env(services) == {
        "MY_DB_SERVICE_HOST": "127.1.2.3",
        "MY_DB_SERVICE_PORT": "5432",
        "MY_DB_SERVICE_PORT_SQL": "5432",
        "MY_DB_PORT": "tcp://127.1.2.3:5432",
        "MY_DB_PORT_5432_TCP": "tcp://127.1.2.3:5432",
        "MY_DB_PORT_5432_TCP_PROTO": "tcp",
        "MY_DB_PORT_5432_TCP_PORT": "5432",
        "MY_DB_PORT_5432_TCP_ADDR": "127.1.2.3",
    }
