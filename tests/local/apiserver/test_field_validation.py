"""Fields that a kind has not, members that are there twice, and how values are written back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.builtin import Decoder, kind_of
from pytest_kubeflow.local.apiserver.builtin.schema import Leaf, ListOf, MapOf, Struct, Type
from pytest_kubeflow.local.apiserver.errors import StatusError
from pytest_kubeflow.local.bodies import duplicate_members
from tests.local.apiserver.conftest import Manifest

POD = kind_of("v1", "Pod")


def warnings(response: httpx.Response) -> list[str]:
    return [json.loads(one[6:]) for one in response.headers.get_list("warning")]


def test_unknown_fields_are_left_out_and_told(
    http: httpx.Client, namespace: str, pod: Manifest
) -> None:
    body = pod()
    body["spec"]["nodes"] = 1
    body["spec"]["containers"][0]["immage"] = "x"
    made = http.post(f"/api/v1/namespaces/{namespace}/pods", json=body)
    assert made.status_code == 201
    assert set(warnings(made)) >= {
        'unknown field "spec.containers[0].immage"',
        'unknown field "spec.nodes"',
    }
    assert "nodes" not in made.json()["spec"]
    assert "immage" not in made.json()["spec"]["containers"][0]


def test_nothing_is_told_where_it_is_ignored(http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps?fieldValidation=Ignore"
    made = http.post(path, json={"metadata": {"name": "a"}, "none": 1})
    assert (made.status_code, warnings(made)) == (201, [])
    assert "none" not in made.json()


def test_of_members_of_one_name_the_last_counts(http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    body = '{"metadata": {"name": "a"}, "data": {"k": "1", "k": "2"}}'
    made = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert made.json()["data"] == {"k": "2"}
    assert warnings(made) == ['duplicate field "data.k"']


def test_amounts_are_written_canonically(http: httpx.Client, namespace: str, pod: Manifest) -> None:
    body = pod()
    limits = {"cpu": "0.5", "memory": "1024Mi", "ephemeral-storage": "1e3"}
    body["spec"]["containers"][0]["resources"] = {"limits": limits}
    made = http.post(f"/api/v1/namespaces/{namespace}/pods", json=body).json()
    found = made["spec"]["containers"][0]["resources"]["limits"]
    assert found == {"cpu": "500m", "memory": "1Gi", "ephemeral-storage": "1e3"}


def test_lists_say_once_what_they_hold(http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    http.post(path, json={"metadata": {"name": "a"}}).raise_for_status()
    listed = http.get(path).json()
    assert listed["kind"] == "ConfigMapList"
    assert {key for one in listed["items"] for key in one} == {"metadata"}


def test_what_is_empty_is_nothing(http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    metadata: dict[str, Any] = {"name": "a", "labels": {}, "finalizers": [], "annotations": None}
    made = http.post(path, json={"metadata": metadata, "data": {}}).json()
    assert "data" not in made
    assert not {"labels", "finalizers", "annotations"} & made["metadata"].keys()


def _values(kind: Type, depth: int) -> st.SearchStrategy[Any]:
    """JSON that fits a type, as far as Go is concerned."""
    match kind:
        case Leaf("string"):
            return st.text(max_size=5)
        case Leaf("bool"):
            return st.booleans()
        case Leaf("int32" | "int64" | "intstr"):
            return st.integers(-(2**31), 2**31 - 1)
        case Leaf("quantity"):
            return st.sampled_from(["1", "500m", "1Gi", "2e3"])
        case Leaf("time"):
            return st.just("2026-01-01T00:00:00Z")
        case Leaf("microtime"):
            return st.just("2026-01-01T00:00:00.000000Z")
        case Leaf("bytes"):
            return st.just("YQ==")
        case Leaf():
            return st.just({"any": 1})
        case ListOf(item):
            return st.lists(_values(item, depth), max_size=2)
        case MapOf(value):
            return st.dictionaries(st.text(max_size=3), _values(value, depth), max_size=2)
        case Struct():
            if depth == 0:
                return st.just({})
            fields = {name: one.type for name, one in kind.fields.items()}
            chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
            return chosen.flatmap(
                lambda names: st.fixed_dictionaries(
                    {name: _values(fields[name], depth - 1) for name in names}
                )
            )


@given(st.data())
def test_what_fits_is_read_and_reads_the_same_again(data: st.DataObject) -> None:
    assert POD is not None
    obj = data.draw(_values(POD, 6))
    decoder = Decoder(POD, "v1", "Pod")
    read = decoder.decode(obj)
    assert decoder.unknown == []
    assert Decoder(POD, "v1", "Pod").decode(read) == read


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["spec", "containers", "metadata", "labels", "x"]), inner, max_size=3
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["spec", "metadata", "status", "y"]), JSON))
def test_whatever_does_not_fit_is_refused_in_one_line(obj: dict[str, Any]) -> None:
    assert POD is not None
    refused = None
    try:
        Decoder(POD, "v1", "Pod").decode(obj)
    except StatusError as error:
        refused = error
    prefix = 'Pod in version "v1" cannot be handled as a Pod: '
    assert refused is None or (refused.code, refused.message[: len(prefix)]) == (400, prefix)


@given(JSON)
def test_what_python_writes_has_nothing_twice(content: Any) -> None:
    assert duplicate_members(json.dumps(content).encode()) == []


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ('{"a": 1, "a": 2}', ["a"]),
        ('{"a": [{"b": 1}, {"b": 1, "b": 2}]}', ["a[1].b"]),
        ('{"a": {"b": {"c": 1, "c": 1}}, "a": 1}', ["a.b.c", "a"]),
        ("no json", []),
        ("[" * 10_000, []),
    ],
)
def test_members_that_are_there_twice(body: str, paths: list[str]) -> None:
    assert duplicate_members(body.encode()) == paths


def test_numbers_that_are_always_written_are_there_from_the_beginning(
    http: httpx.Client, namespace: str
) -> None:
    """Clients by generated code refuse a ReplicaSet whose status has no `replicas`."""
    labels = {"a": "b"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": "x:1"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
    made = http.post(path, json={"metadata": {"name": "r"}, "spec": spec}).json()
    assert made["status"] == {"replicas": 0}
    change = {"status": {"replicas": None}}
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = http.patch(f"{path}/r/status", json=change, headers=headers).json()
    assert changed["status"]["replicas"] == 0
