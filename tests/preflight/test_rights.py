"""Rights that are missing are told, with the RBAC that gives them; applied, none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, utils

from pytest_kubeflow.cluster.checklist import State
from pytest_kubeflow.preflight.needs import Needs
from tests.cluster.remote import NAMESPACE, Remote

from .setup import good, in_clear, kubeconfig, server_of
from .test_broken import checked

ACCOUNT = "nightly"


@pytest.fixture
def options(remote: Remote, tmp_path: Path) -> dict[str, str]:
    """A session whose account at Kubernetes may do nothing but look at its namespace."""
    remote.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": ACCOUNT}})
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token(ACCOUNT, NAMESPACE, spec)
    server, more = server_of(remote)
    file = kubeconfig(tmp_path, server, {"token": issued.status.token}, **more)
    rbac = client.RbacAuthorizationV1Api(remote.core.api_client)
    rbac.create_namespaced_role_binding(
        NAMESPACE,
        {
            "metadata": {"name": ACCOUNT},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "view",
            },
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
        },
    )
    return good(remote, kubeconfig=file, namespace=NAMESPACE)


def test_what_the_fix_gives_is_enough(remote: Remote, options: dict[str, str]) -> None:
    before = checked(options, in_clear(remote))
    assert before.fit, "missing rights are no reason to end"
    lacking = next(one for one in before.findings if one.check == "rights")
    assert lacking.state is State.WARNING
    assert f"we may not, in {NAMESPACE}: create, delete pods (volumes and helper pods)" in (
        lacking.message
    )
    role, binding, *whole_cluster = yaml.safe_load_all(lacking.fix)
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    ]
    assert {"pods", "secrets", "inferenceservices"} <= {
        resource for rule in role["rules"] for resource in rule["resources"]
    }

    assert [one["kind"] for one in whole_cluster] == ["ClusterRole", "ClusterRoleBinding"]
    anywhere = [rule for rule in whole_cluster[0]["rules"] if "resourceNames" not in rule]
    assert {"nodes", "profiles", "namespaces", "storageclasses"} == {
        resource for rule in anywhere for resource in rule["resources"]
    }

    with applied(remote, lacking.fix):
        after = checked(options, in_clear(remote))
    found = next(one for one in after.findings if one.check == "rights")
    assert (found.state, found.message) == (State.OK, f"all that the tests need in {NAMESPACE}")


VOLUMES = Needs.of([{"namespace", "kubernetes", "volumes"}, {"pipelines", "namespace", "volumes"}])


@pytest.fixture
def nobody(remote: Remote, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A session whose account at Kubernetes may do nothing at all."""
    account = f"{ACCOUNT}-nobody"
    remote.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": account}})
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token(account, NAMESPACE, spec)
    server, more = server_of(remote)
    file = kubeconfig(tmp_path, server, {"token": issued.status.token}, **more)
    yield good(remote, kubeconfig=file, namespace=NAMESPACE)
    remote.core.delete_namespaced_service_account(account, NAMESPACE)


def test_an_account_without_any_right_gets_the_rbac(remote: Remote, nobody: dict[str, str]) -> None:
    """The verdict comes before the first test, with what mends it and no more than is needed."""
    before = checked(nobody, in_clear(remote), VOLUMES)
    states = {one.check: one.state for one in before.findings}
    assert states["namespace"] is State.WARNING, "whether it is there cannot be seen"
    assert states["rights"] is State.FAILED
    assert f"we may not, in {NAMESPACE}: create, get, list, delete pods" in before.verdict
    assert before.verdict.endswith("none of the 2 selected tests can run")
    lacking = next(one for one in before.findings if one.check == "rights")
    role, _, of_cluster, _ = yaml.safe_load_all(lacking.fix)
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {
        *("pods", "pods/log", "persistentvolumeclaims", "configmaps", "events", "namespaces")
    }
    assert [rule["resources"] for rule in of_cluster["rules"]] == [["storageclasses"]]
    with applied(remote, lacking.fix):
        after = checked(nobody, in_clear(remote), VOLUMES)
    assert after.fit, after.verdict
    assert {one.check: one.state for one in after.findings}["rights"] is State.OK


def test_tests_that_rights_stop_are_counted(remote: Remote, nobody: dict[str, str]) -> None:
    some = Needs.of([{"pipelines", "namespace", "runs"}] * 3 + [{"namespace", "volumes"}] * 2)
    result = checked(nobody, in_clear(remote), some)
    assert result.fit, result.verdict
    found = {one.check: one.message for one in result.findings}
    assert found["rights"].endswith(": 2 of 5 selected tests cannot run")
    assert found["selected tests"] == (
        "2 of 5 will not run: rights at Kubernetes that are missing (2)"
    )


def test_what_rights_keep_from_running_is_not_there_for_whom_requires_it(
    remote: Remote, nobody: dict[str, str]
) -> None:
    some = Needs.of([{"pipelines", "namespace", "kserve"}] * 2 + [{"pipelines"}])
    result = checked({**nobody, "require": "kserve"}, in_clear(remote), some)
    assert result.verdict == (
        "--kf-require=kserve (from command line), and what that needs is not there: "
        "kserve: rights at Kubernetes that are missing (2)"
    )


def test_rights_are_told_to_who_lacks_the_one_to_log_in(
    remote: Remote, nobody: dict[str, str]
) -> None:
    """Whose only login is a token of a service account, as in a CronJob."""
    options = {name: text for name, text in nobody.items() if name != "username"}
    before = checked(options, {}, VOLUMES)
    assert "cannot request a token for kubeflow-user-example-com/default-editor: " in before.verdict
    lacking = next(one for one in before.findings if one.check == "rights")
    assert "create serviceaccounts/token (the login by a token)" in lacking.message
    with applied(remote, lacking.fix):
        after = checked(options, {}, VOLUMES)
    assert after.fit, after.verdict


@contextmanager
def applied(remote: Remote, manifest: str) -> Iterator[None]:
    """What is in the manifest, as an administrator applies it."""
    administrator = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    rbac = client.RbacAuthorizationV1Api(administrator)
    documents = [*yaml.safe_load_all(manifest)]
    for document in documents:
        utils.create_from_dict(administrator, document)
    yield
    for document in documents:
        name = document["metadata"]["name"]
        kind = {
            "Role": rbac.delete_namespaced_role,
            "RoleBinding": rbac.delete_namespaced_role_binding,
            "ClusterRole": rbac.delete_cluster_role,
            "ClusterRoleBinding": rbac.delete_cluster_role_binding,
        }[document["kind"]]
        kind(name, *([NAMESPACE] if "namespace" in document["metadata"] else []))
    administrator.close()
