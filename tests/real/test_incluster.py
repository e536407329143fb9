"""What --kf-manifests prints, on a real API server: admitted, and with exactly its rights."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import utils

from pytest_kubeflow.incluster.rights import rights_for
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.namespaces import create_namespace
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.preflight.needs import UNKNOWN
from pytest_kubeflow.preflight.rights import described, missing_rights
from pytest_kubeflow.waiting import Deadline
from tests.real.controlplane import ControlPlane
from tests.real.kubeconfigs import of_account

ROOT = Path(__file__).parents[2]
NAMESPACE, NAME = "restricted-profile", "nightly"
_SECONDS = 60


def printed(kind: str, *arguments: str) -> list[dict[str, Any]]:
    """The manifests, as kubectl would read them."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--kf-manifests={kind}"),
            *(f"--kf-namespace={NAMESPACE}", f"--kf-job-name={NAME}"),
            *("--kf-host=http://ml-pipeline.kubeflow:8888", "--kf-job-image=example/suites:1"),
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module")
def kubernetes(control_plane: ControlPlane) -> Iterator[KubernetesClient]:
    client = KubernetesClient(control_plane.admin)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    create_namespace(
        client,
        NAMESPACE,
        labels={**Ownership("tests@real").labels(), **labels},
        deadline=Deadline.after(_SECONDS),
    )
    yield client
    client.core.delete_namespace(NAMESPACE)
    client.close()


@pytest.fixture(scope="module")
def applied(kubernetes: KubernetesClient) -> Iterator[list[dict[str, Any]]]:
    """The manifests of a Job with all suites, applied."""
    documents = printed("job")
    for document in documents:
        utils.create_from_dict(kubernetes.api_client, document)
    yield documents
    for document in documents:
        if document["kind"].startswith("ClusterRole"):
            kind = "cluster_role" + ("_binding" if document["kind"].endswith("Binding") else "")
            getattr(kubernetes.rbac, f"delete_{kind}")(document["metadata"]["name"])


@pytest.fixture(scope="module")
def account(
    control_plane: ControlPlane,
    applied: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[KubernetesClient]:
    """The API server, asked as the Job's account."""
    file = tmp_path_factory.mktemp("account") / "config"
    client = KubernetesClient(of_account(control_plane.admin, NAMESPACE, NAME, file))
    yield client
    client.close()


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for something that a controller or an informer brings about."""
    ends = time.monotonic() + _SECONDS
    while not (found := holds()):
        assert time.monotonic() < ends, what
        time.sleep(0.05)
    return found


def test_its_pod_is_admitted_where_restricted_is_enforced(
    kubernetes: KubernetesClient, applied: list[dict[str, Any]]
) -> None:
    """The Job controller makes the pod, and the API server takes it with what it was given."""
    pods = until(
        lambda: (
            kubernetes.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={NAME}").items
        ),
        f"no pod: {kubernetes.core.list_namespaced_event(NAMESPACE).items}",
    )
    (pod,) = pods
    assert pod.spec.service_account_name == NAME
    assert pod.metadata.labels["app.kubernetes.io/instance"] == NAME
    (container,) = pod.spec.containers
    assert container.security_context.read_only_root_filesystem
    sources = {one.name: one for one in pod.spec.volumes}
    assert sources["token"].projected.sources[0].service_account_token.audience == (
        "pipelines.kubeflow.org"
    )


def test_a_cron_job_makes_the_same_pod(
    kubernetes: KubernetesClient, applied: list[dict[str, Any]]
) -> None:
    """As kubectl create job --from=cronjob/nightly has it."""
    cron_job = next(
        one for one in printed("cronjob", "--kf-suites=secrets") if one["kind"] == "CronJob"
    )
    utils.create_from_dict(kubernetes.api_client, cron_job)
    spec = cron_job["spec"]
    assert (spec["concurrencyPolicy"], spec["schedule"]) == ("Forbid", "30 2 * * *")
    by_hand = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "by-hand", "namespace": NAMESPACE},
        "spec": spec["jobTemplate"]["spec"],
    }
    utils.create_from_dict(kubernetes.api_client, by_hand)
    until(
        lambda: (
            kubernetes.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=by-hand").items
        ),
        "no pod of the Job",
    )


def test_nothing_that_the_preflight_asks_for_is_missing(account: KubernetesClient) -> None:
    """All suites, with exactly the account of the Job."""
    wanted = list(rights_for(UNKNOWN, "projected"))
    until(
        lambda: not list(missing_rights(account, NAMESPACE, wanted)),
        described(list(missing_rights(account, NAMESPACE, wanted))),
    )
    # And nothing besides: what an administrator would look for first.
    for verb, resource, namespace in (
        ("create", "pods", "default"),
        ("create", "pods/exec", NAMESPACE),
        ("delete", "nodes", None),
        ("update", "secrets", NAMESPACE),
        ("create", "namespaces", None),
    ):
        assert not account.may(verb, resource, namespace=namespace), (verb, resource)


def test_each_rule_that_is_taken_away_is_told(
    kubernetes: KubernetesClient, account: KubernetesClient, applied: list[dict[str, Any]]
) -> None:
    wanted = list(rights_for(UNKNOWN, "projected"))
    rbac = kubernetes.rbac
    everything = [(one["kind"], rule) for one in applied for rule in one.get("rules", ())]
    taken = 0
    for role in [one for one in applied if one["kind"] in {"Role", "ClusterRole"}]:
        name, rules = role["metadata"]["name"], role["rules"]

        def replace(left: list[Any], role: dict[str, Any] = role, name: str = name) -> None:
            body = {**role, "rules": left}
            if role["kind"] == "Role":
                rbac.replace_namespaced_role(name, NAMESPACE, body)
            else:
                rbac.replace_cluster_role(name, body)

        for number, rule in enumerate(rules):
            (group,), (resource,) = rule["apiGroups"], rule["resources"]
            elsewhere = {
                verb
                for where, other in everything
                if where in {role["kind"], "ClusterRole"}
                and other is not rule
                and _covers(other, rule)
                for verb in other["verbs"]
            }
            if not (verbs := {*rule["verbs"]} - elsewhere):
                continue  # the platform's health gives the same in all namespaces
            replace([*rules[:number], *rules[number + 1 :]])
            kind = f"{resource}.{group}" if group else resource
            lacking = until(
                lambda: list(missing_rights(account, NAMESPACE, wanted)), f"{rule} is of no use"
            )
            assert {one.kind for one in lacking} == {kind}
            assert {verb for one in lacking for verb in one.verbs} == verbs
            assert f"{kind}" in described(lacking)
            taken += 1
        replace(rules)
        until(lambda: not list(missing_rights(account, NAMESPACE, wanted)), "not given back")
    assert taken > 50


def _covers(other: dict[str, Any], rule: dict[str, Any]) -> bool:
    """Whether it is about all objects that a rule is about."""
    if any(other[key] != rule[key] for key in ("apiGroups", "resources")):
        return False
    named, of_rule = other.get("resourceNames"), rule.get("resourceNames")
    return named is None or (of_rule is not None and {*of_rule} <= {*named})


def test_a_suite_gets_its_own_rights_alone(kubernetes: KubernetesClient) -> None:
    documents = printed("rbac", "--kf-suites=secrets")
    for document in documents:
        document["metadata"]["name"] += "-secrets"
        utils.create_from_dict(kubernetes.api_client, document, dry_run="All")
    rules = [rule for one in documents for rule in one.get("rules", ())]
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert {"secrets", "configmaps"} <= resources
    assert not {"trials", "notebooks", "inferenceservices", "nodes"} & resources
    (anywhere,) = [one for one in documents if one["kind"] == "ClusterRole"]
    for rule in anywhere["rules"]:  # of the second profile, from which Secrets are asked for
        assert rule["resources"] in (["profiles"], ["namespaces"]) or rule["resourceNames"]
