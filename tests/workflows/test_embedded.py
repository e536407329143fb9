"""Against the embedded Argo: a whole life, and what never ends or is refused, in one line each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.workflows.creator import WorkflowCreator
from pytest_kubeflow.workflows.errors import WorkflowFailed
from pytest_kubeflow.workflows.workflow import Workflow

from .conftest import NAMESPACE

REPEAT_LINE = Path(__file__).parent / "repeat_line.yaml"
"""As the SDK of pipelines compiled it in its version 1, with a claim."""
CLAIM = "kubeflow-test-pv"
GROUP = ("argoproj.io", "v1alpha1", NAMESPACE, "workflows")


def manifest(template: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Workflow of one template."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "spec": {"entrypoint": "main", "templates": [{"name": "main", **template}], **spec},
    }


def command(*words: str, image: str = "python:3.11-slim") -> dict[str, Any]:
    return {"container": {"image": image, "command": list(words)}}


def failure(made: Workflow, **options: Any) -> str:
    """Why it will not end, or has ended otherwise: one line, with evidence under it."""
    with pytest.raises(WorkflowFailed) as failed:
        made.wait(**options)
    assert "\n" not in failed.value.message
    assert failed.value.message.startswith(f"Workflow {NAMESPACE}/{made.name} ")
    return failed.value.message


@pytest.fixture
def claim(cluster: Cluster) -> Iterator[None]:
    core = cluster.kubernetes.core
    body = {
        "metadata": {"name": CLAIM},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    core.create_namespaced_persistent_volume_claim(NAMESPACE, body)
    yield
    core.delete_namespaced_persistent_volume_claim(CLAIM, NAMESPACE)


@pytest.mark.usefixtures("claim")
def test_a_manifest_of_a_user_word_for_word(creator: WorkflowCreator) -> None:
    """It names no account: that of the profile's pods is set, and without it this is told."""
    made = creator(REPEAT_LINE).wait()
    assert made.log("print-text") == "Hello\n" * 15
    assert made.state.service_account == "default-editor"
    found = failure(creator(REPEAT_LINE, service_account=""))
    assert "is Error, Succeeded expected" in found
    assert "workflowtaskresults.argoproj.io is forbidden" in found
    assert "its service account default may not write down what pods came to" in found
    assert "KF802" in found


def test_attempts_that_a_cluster_makes_of_every_node(creator: WorkflowCreator) -> None:
    """Kubeflow Pipelines' own manifests have such defaults for all templates."""
    defaults = {"retryStrategy": {"limit": "2", "retryPolicy": "OnError"}}
    made = creator(manifest(command("echo", "hello"), templateDefaults=defaults)).wait()
    around = made.node(made.name)
    assert around.type == "Retry"
    assert made.last_attempt(around).type == "Pod"
    assert made.log(around) == "hello\n"


def test_a_whole_life(creator: WorkflowCreator) -> None:
    body = manifest(
        {"suspend": {}},
        onExit="bye",
        arguments={"parameters": [{"name": "who", "value": "nobody"}]},
    )
    bye = {"name": "bye", **command("echo", "bye {{workflow.parameters.who}}: {{workflow.status}}")}
    body["spec"]["templates"].append(bye)
    made = creator(body, arguments={"who": "you"})
    with pytest.raises(
        KubeflowError, match=r"waiting for Workflow \S+ to end; last state: Running"
    ):
        made.wait(timeout=1)
    made.stop().wait(ended="Failed")
    assert made.log(f"{made.name}.onExit") == "bye you: Failed\n"
    assert made.table().splitlines()[0].split()[1:3] == ["Suspend", "Failed"]
    with pytest.raises(NotFound, match="has no node 'other'; it has "):
        made.node("other")
    first: Any = 0
    with pytest.raises(NotFound, match="has no node 0; it has "):
        made.log(first)
    with pytest.raises(WorkflowFailed, match="already: left as it is; take another name, or none"):
        creator(body, name=made.name)
    made.delete()
    assert made.remains() == []
    made.delete()


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (command("sh", "-c", "exit 3"), "is Failed, Succeeded expected: main: Error (exit code 3)"),
        ({"container": {"command": ["ls"]}}, "main.container.image may not be empty"),
        ({"http": {"url": "http://example.org"}}, "does not run http templates (spec.templates[0]"),
        ({"container": {"image": "x:1"}}, "the embedded cluster has no registry to ask"),
        (
            command("ls") | {"inputs": {"parameters": [{"name": "x"}]}},
            "inputs.parameters.x was not",
        ),
    ],
    ids=["exit code", "no image", "http", "no command", "no value"],
)
def test_what_ends_badly_is_told(
    creator: WorkflowCreator, template: dict[str, Any], message: str
) -> None:
    assert message in failure(creator(manifest(template)))


def test_what_never_starts_is_told(hasty: WorkflowCreator) -> None:
    body = manifest(command("ls"))
    body["spec"]["volumes"] = [{"name": "x", "persistentVolumeClaim": {"claimName": "nothing"}}]
    body["spec"]["templates"][0]["container"]["volumeMounts"] = [{"name": "x", "mountPath": "/x"}]
    found = failure(hasty(body))
    assert "will not end: the pod of node " in found
    assert f"its volume claim {NAMESPACE}/nothing is not there" in found


def test_what_is_not_ours_is_left_alone(creator: WorkflowCreator, cluster: Cluster) -> None:
    custom = cluster.kubernetes.custom
    body = manifest({"suspend": {}}) | {"metadata": {"name": "of-somebody"}}
    custom.create_namespaced_custom_object(*GROUP, body)
    try:
        theirs = Workflow(creator._access, "of-somebody")
        for ask in (theirs.delete, theirs.stop):
            with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left"):
                ask()
        with pytest.raises(WorkflowFailed, match=r"there is a Workflow .* already"):
            creator(body, name="of-somebody")
    finally:
        custom.delete_namespaced_custom_object(*GROUP, "of-somebody")
