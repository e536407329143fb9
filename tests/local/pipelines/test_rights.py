"""A run's pods have the rights of its account: without them it fails, and where that shows."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.pipelines.following.stall_watch import TAKEN_UP, StallWatch, Waiting
from pytest_kubeflow.pipelines.runs.reasons import Reasons
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import endless, greeting
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import spec_of

SETTINGS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
KEYS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
RESULTS = {
    "apiGroups": ["argoproj.io"],
    "resources": ["workflowtaskresults"],
    "verbs": ["create", "patch"],
}


def account(member: Member, administrator: Any, rules: list[dict[str, Any]]) -> str:
    """A new ServiceAccount with these rights."""
    core, rbac = client.CoreV1Api(administrator), client.RbacAuthorizationV1Api(administrator)
    called = name("account")
    metadata = {"name": called}
    core.create_namespaced_service_account(member.namespace, {"metadata": metadata})
    if rules:
        rbac.create_namespaced_role(member.namespace, {"metadata": metadata, "rules": rules})
        subject = {"kind": "ServiceAccount", "name": called, "namespace": member.namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": called}
        body = {"metadata": metadata, "roleRef": reference, "subjects": [subject]}
        rbac.create_namespaced_role_binding(member.namespace, body)
    return called


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], 'driver.RootDAG(...) failed: configmaps "kfp-launcher" is forbidden'),
        ([SETTINGS, RESULTS], 'failed to open bucket: secrets "mlpipeline-minio-artifact" is'),
        ([SETTINGS, KEYS], "wait: Error (exit code 64): workflowtaskresults.argoproj.io is"),
        (
            [SETTINGS, KEYS, {**RESULTS, "verbs": ["create"]}],
            'cannot patch resource "workflowtaskresults" in API group "argoproj.io"',
        ),
        ([SETTINGS, KEYS, RESULTS], ""),
    ],
    ids=["none", "no keys", "no results", "results once", "all"],
)
def test_an_account_without_rights(
    member: Member, experiment: str, administrator: Any, rules: list[dict[str, Any]], message: str
) -> None:
    called = account(member, administrator, rules)
    made = submit(member, experiment, service_account=called).json()
    run = member.wait(made["run_id"])
    assert run.state == ("FAILED" if message else "SUCCEEDED"), member.errors(run)
    if not rules:
        reasons = Reasons(
            member.nodes(run.run_id),
            lambda pod: str(member.core.read_namespaced_pod_log(pod, member.namespace)),
        )
        assert message in reasons.run
    elif message:
        assert message in member.details(run.run_id)["greet"]["error"]["message"]


def test_results_of_tasks_are_there_while_the_workflow_runs(
    member: Member, experiment: str, administrator: Any
) -> None:
    """One for each pod, completed with it, and gone with the Workflow's end."""
    custom = client.CustomObjectsApi(administrator)

    def results() -> dict[str, str]:
        found = custom.list_namespaced_custom_object(
            "argoproj.io", "v1alpha1", member.namespace, "workflowtaskresults"
        )
        mine = [one["metadata"] for one in found["items"]]
        assert all(one["ownerReferences"][0]["kind"] == "Workflow" for one in mine)
        return {
            one["name"]: one["labels"]["workflows.argoproj.io/report-outputs-completed"]
            for one in mine
            if one["labels"]["workflows.argoproj.io/workflow"].startswith("endless-")
        }

    made = submit(member, experiment, pipeline_spec=spec_of(endless)).json()
    member.until(lambda: sorted(results().values()) == ["false", "false", "true"], "three results")
    nodes = {
        pod.metadata.annotations["workflows.argoproj.io/node-id"]
        for pod in member.pods(made["run_id"])
    }
    assert set(results()) == nodes
    member.kfp.terminate_run(made["run_id"])
    member.until(lambda: not results(), "the results to be gone")


def test_a_workflow_by_hand_with_an_account_without_rights(
    member: Member, administrator: Any
) -> None:
    workflows = ("argoproj.io", "v1alpha1", member.namespace, "workflows")
    custom = client.CustomObjectsApi(administrator)
    template = {"name": "say", "container": {"image": "busybox", "command": ["true"]}}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "by-hand-"},
        "spec": {"entrypoint": "say", "templates": [template]},
    }
    called = custom.create_namespaced_custom_object(*workflows, body)["metadata"]["name"]
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(custom.get_namespaced_custom_object(*workflows, called).get("status") or {})
        return "finishedAt" in found and found["finishedAt"] is not None

    member.until(ended, "the Workflow to end")
    assert found["phase"] == "Error"
    assert "workflowtaskresults.argoproj.io is forbidden" in str(found)


def test_nobody_runs_workflows(member: Member, administrator: Any) -> None:
    core = client.CoreV1Api(administrator)
    kubernetes = KubernetesClient()
    kubernetes.api_client = administrator
    clock = [0.0]
    stalls = StallWatch(kubernetes, member.namespace, 120.0, clock=lambda: clock[0])
    core.create_namespaced_config_map(
        "kube-system",
        {"metadata": {"name": "embedded-faults"}, "data": {"workflows-ignored": "on"}},
    )
    try:
        waiting: dict[str, Waiting] = {}

        def ignored() -> bool:
            waiting.clear()
            waiting[member.start(greeting)] = Waiting("greeting", "PENDING", TAKEN_UP + 1)
            assert stalls.of(waiting) == {}
            clock[0] += TAKEN_UP
            return bool(stalls.of(waiting))

        member.until(ignored, "the fault to be seen by the controller")
        (run_id,) = waiting
        found = stalls.of(waiting)[run_id]
        assert found.startswith("nobody runs Workflows here: Workflow ")
        assert "has no status.phase after 30 s" in found
        assert stalls.of({run_id: Waiting("greeting", "RUNNING", TAKEN_UP + 1)}) == {}
        # It is begun anew when it is seen again.
        assert stalls.of(waiting) == {}
    finally:
        core.delete_namespaced_config_map("embedded-faults", "kube-system")
    # It is taken up as soon as somebody is there again.
    assert member.wait(run_id).state == "SUCCEEDED"
    assert stalls.of(waiting) == {}
