"""CustomResourceDefinitions and their objects, through the dynamic client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

GROUP = "example.com"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "share": {"x-kubernetes-int-or-string": True},
                "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def balls(api: Any) -> Iterator[Any]:
    extensions = client.ApiextensionsV1Api(api)
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    extensions.create_custom_resource_definition(
        {
            "metadata": {"name": f"balls.{GROUP}"},
            "spec": {
                "group": GROUP,
                "scope": "Namespaced",
                "names": {"plural": "balls", "kind": "Ball", "shortNames": ["bl"]},
                "versions": [{**version, "subresources": {"status": {}}}],
            },
        }
    )
    yield client.CustomObjectsApi(api)
    extensions.delete_custom_resource_definition(f"balls.{GROUP}")
    with pytest.raises(ApiException):
        client.CustomObjectsApi(api).list_cluster_custom_object(GROUP, "v1", "balls")


def ball(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Ball",
        "metadata": {"name": name},
        "spec": spec,
    }


def create(balls: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = balls.create_namespaced_custom_object(
        GROUP, "v1", namespace, "balls", body
    )
    return made


def test_definitions_are_established(api: Any, balls: Any) -> None:
    definition = client.ApiextensionsV1Api(api).read_custom_resource_definition(f"balls.{GROUP}")
    conditions = {one.type: one.status for one in definition.status.conditions}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_objects_get_defaults_and_lose_unknown_fields(balls: Any, namespace: str) -> None:
    made = create(balls, namespace, ball("b", size=3, weight=7, anything={"goes": [1, 2]}))
    assert made["spec"] == {"size": 3, "colour": "red", "anything": {"goes": [1, 2]}}
    assert made["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "spec.size: Required value"),
        ({"size": "big"}, "spec.size in body must be of type integer"),
        ({"size": 0}, "should be greater than or equal to 1"),
        ({"size": 1, "colour": "green"}, 'Unsupported value: \\"green\\"'),
    ],
)
def test_objects_that_do_not_fit_are_refused(
    balls: Any, namespace: str, spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiException) as refused:
        create(balls, namespace, ball("b", **spec))
    assert refused.value.status == 422
    assert message in refused.value.body


def test_whole_numbers_are_integers(balls: Any, namespace: str) -> None:
    """However they are written: Go has one type for the numbers of JSON."""
    made = create(balls, namespace, ball("whole", size=2.0, share=3.0))
    assert (made["spec"]["size"], made["spec"]["share"]) == (2, 3)
    assert isinstance(made["spec"]["share"], int)
    with pytest.raises(ApiException, match="share in body must be of type integer,string: "):
        create(balls, namespace, ball("part", size=2, share=1.5))


def test_generation_counts_changes_of_the_spec(balls: Any, namespace: str) -> None:
    create(balls, namespace, ball("b", size=1))
    where = (GROUP, "v1", namespace, "balls", "b")
    balls.patch_namespaced_custom_object_status(*where, {"status": {"phase": "Round"}})
    patched = balls.patch_namespaced_custom_object(*where, {"metadata": {"labels": {"a": "b"}}})
    assert patched["metadata"]["generation"] == 1
    assert patched["status"] == {"phase": "Round"}
    patched = balls.patch_namespaced_custom_object(*where, {"spec": {"size": 2}})
    assert patched["metadata"]["generation"] == 2


def test_definitions_that_are_wrong_are_refused(api: Any) -> None:
    extensions = client.ApiextensionsV1Api(api)
    with pytest.raises(ApiException) as refused:
        extensions.create_custom_resource_definition(
            {
                "metadata": {"name": "wrong.example.com"},
                "spec": {
                    "group": GROUP,
                    "scope": "Namespaced",
                    "names": {"plural": "cubes", "kind": "Cube"},
                    "versions": [{"name": "v1", "served": True, "storage": True}],
                },
            }
        )
    assert "must be spec.names.plural" in refused.value.body
    assert "schemas are required" in refused.value.body


def test_null_is_nothing_where_it_may_not_be(balls: Any, namespace: str) -> None:
    made = create(balls, namespace, ball("null", size=1, colour=None, anything=None))
    assert made["spec"] == {"size": 1, "colour": "red"}


def test_finalizers_need_no_domain(balls: Any, namespace: str) -> None:
    body = ball("kept", size=1)
    body["metadata"]["finalizers"] = ["let-go"]
    create(balls, namespace, body)
    change: dict[str, Any] = {"metadata": {"finalizers": []}}
    balls.patch_namespaced_custom_object(GROUP, "v1", namespace, "balls", "kept", change)
