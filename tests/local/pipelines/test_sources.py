"""All sources say the same of the tasks of a run: ML Metadata, by either way, and the pods."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.pipelines.outputs.executor_log import ExecutorLogSource
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
from pytest_kubeflow.pipelines.outputs.mlmd_native import NativeMetadataSource
from pytest_kubeflow.pipelines.outputs.source import OutputSource
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.reasons import Reasons
from pytest_kubeflow.pipelines.tasks.task import Task, merge, pipeline_outputs
from pytest_kubeflow.pipelines.tasks.workflow_nodes import read_nodes
from pytest_kubeflow.redaction import Secret
from tests.local.pipelines.agreeing import agreeing, disagreeing
from tests.local.pipelines.member import Member, name

Told = Callable[[Any], tuple[Package, dict[str, list[Task]]]]

pytestmark = pytest.mark.xdist_group("sources")


def kubernetes(administrator: Any) -> KubernetesClient:
    found = KubernetesClient()
    found.api_client = administrator
    return found


@pytest.fixture(scope="module")
def sources(member: Member, administrator: Any) -> dict[str, OutputSource]:
    """All that can be asked; `pods alone` with an account that may not read Workflows."""
    core, rbac = client.CoreV1Api(administrator), client.RbacAuthorizationV1Api(administrator)
    account = name("reader")
    core.create_namespaced_service_account(member.namespace, {"metadata": {"name": account}})
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]
    rbac.create_namespaced_role(member.namespace, {"metadata": {"name": account}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": account, "namespace": member.namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    rbac.create_namespaced_role_binding(
        member.namespace,
        {"metadata": {"name": account}, "roleRef": reference, "subjects": [subject]},
    )
    wanted = {"spec": {"expirationSeconds": 3600}}
    token = core.create_namespaced_service_account_token(account, member.namespace, wanted)
    ours = kubernetes(administrator)
    reader = ours.with_token(Secret(token.status.token))
    return {
        "gRPC-web": MetadataSource(member.post),
        "gRPC": NativeMetadataSource(ours),
        "Workflow and pods": ExecutorLogSource(ours, member.namespace),
        "pods alone": ExecutorLogSource(reader, member.namespace),
    }


@pytest.fixture(scope="module")
def told(member: Member, administrator: Any, sources: dict[str, OutputSource]) -> Told:
    """Runs a pipeline; what each source says of its tasks, and what is made of that."""

    def run(pipeline: Any) -> tuple[Package, dict[str, list[Task]]]:
        done = member.run(pipeline)
        package = Package.of_api(done.pipeline_spec)
        nodes = read_nodes(kubernetes(administrator), member.namespace, done.run_id)
        assert nodes is not None
        found = {}
        for way, source in sources.items():
            tasks = merge(package, source.tasks(done.run_id), [], run_state=done.state)
            found[way] = Reasons(nodes).explain(tasks) if way != "pods alone" else tasks
        return package, found

    return run


def seen(tasks: list[Task]) -> dict[str, tuple[object, ...]]:
    """What must be the same; outputs as texts, since 1 == 1.0 == True."""
    return {
        task.label: (
            task.path,
            task.place or task.path,
            task.state,
            task.is_dag,
            task.pod_name,
            "" if task.unread else json.dumps(dict(task.outputs), sort_keys=True),
        )
        for task in tasks
    }


def test_the_sources_agree(told: Told) -> None:
    package, found = told(agreeing)
    expected = seen(found["gRPC-web"])
    assert seen(found["gRPC"]) == expected
    assert seen(found["Workflow and pods"]) == expected
    assert {
        "number",
        "number-2",
        "inside/half",
        "exit-handler-1/second-time",
    } <= expected.keys(), sorted(expected)
    outer = r"exit-handler-\d/for-loop-\d\[[01]\]/for-loop-\d"
    inner = rf"{outer}\[[01]\]"
    for kind, number in ((rf"{inner}/half", 4), (inner, 4), (outer, 2)):
        found_there = [one for one in expected if re.fullmatch(kind, one)]
        assert len(found_there) == number, (kind, sorted(expected))
    states = [one[2] for one in expected.values()]
    assert states.count("SKIPPED") == 2, expected
    assert not [one for one in states if one not in {"SUCCEEDED", "SKIPPED", "NOT STARTED"}]
    for way in ("gRPC-web", "gRPC", "Workflow and pods", "pods alone"):
        assert pipeline_outputs(package, found[way]) == {"Output": 1.5}, way
    # Who may not read Workflows knows the tasks that ran all the same.
    ran = {label: one for label, one in expected.items() if one[4]}
    assert ran.items() <= seen(found["pods alone"]).items()


def test_the_sources_agree_on_what_failed(told: Told) -> None:
    _, found = told(disagreeing)
    expected = seen(found["gRPC-web"])
    # What a container wrote to a file is in no log: that is said, and nothing made up.
    (by_file,) = [one for one in found["Workflow and pods"] if one.name == "by-file"]
    with pytest.raises(NotFound, match=r"outputs were not read: the log of pod .* ExecutorOutput"):
        _ = by_file.output
    (known,) = [one for one in found["gRPC-web"] if one.name == "by-file"]
    assert known.output == "7"
    for way in ("gRPC", "Workflow and pods"):
        others = seen([one for one in found[way] if one.name != "by-file"])
        assert others.items() <= expected.items(), way
        assert len(others) == len(expected) - 1
    assert expected["exit-handler-1/breaks"][2] == "FAILED"
    assert expected["exit-handler-1"][2] == "FAILED"
    assert expected["number"][2] == "SUCCEEDED"
