"""A multi-user Kubeflow whose Kubernetes serves no Profiles: a namespace that is there is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from pytest_kubeflow.cluster.checklist import State
from pytest_kubeflow.preflight.preflight import Preflight
from tests.cluster.remote import NAMESPACE, Remote, serving, wait_until

from .setup import good, in_clear
from .test_broken import checked

OTHER = "kubeflow-other-example-com"


@pytest.fixture(scope="module")
def bare() -> Iterator[Remote]:
    """Pipelines for many users, and nobody who makes namespaces for them."""
    with serving() as remote:
        extensions = client.ApiextensionsV1Api(remote.core.api_client)
        extensions.delete_custom_resource_definition("profiles.kubeflow.org")
        yield remote


def told(result: Preflight, check: str) -> tuple[State, str]:
    return next((one.state, one.message) for one in result.findings if one.check == check)


def test_the_example_users_namespace_comes_first(bare: Remote) -> None:
    result = checked(good(bare), in_clear(bare))
    assert result.fit, result.verdict
    assert told(result, "namespace") == (
        State.OK,
        f"{NAMESPACE}, as it is (the example user's, as none was given)",
    )
    assert told(result, "profile")[0] is State.OK


def test_then_the_kubeconfigs_or_a_clear_line(bare: Remote, tmp_path: Path) -> None:
    """Whose user may not use the pipelines there is told so before the first test."""
    bare.core.delete_namespace(NAMESPACE)
    wait_until(lambda: NAMESPACE not in {n.metadata.name for n in bare.core.list_namespace().items})
    result = checked(good(bare), in_clear(bare))
    assert result.verdict == (
        "there is no namespace to work in: none was given, this Kubeflow has no Profiles (its "
        "Kubernetes API serves no profiles.kubeflow.org), and there is no namespace "
        f"'{NAMESPACE}' on this cluster; name one with --kf-namespace"
    )

    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(with_namespace(bare, OTHER)))
    other = good(bare, kubeconfig=str(file), username="other@example.com")
    result = checked(other, in_clear(bare))
    assert told(result, "namespace") == (
        State.OK,
        f"{OTHER}, as it is (the kubeconfig's, as none was given)",
    )
    assert result.fit, result.verdict

    result = checked(good(bare, kubeconfig=str(file)), in_clear(bare))
    assert result.verdict.startswith(
        f"user@example.com may not use the pipelines in the namespace {OTHER} (the kubeconfig's, "
        "as none was given): 403: "
    )


def with_namespace(remote: Remote, namespace: str) -> object:
    import yaml

    document = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    for one in document["contexts"]:
        one["context"]["namespace"] = namespace
    return document
