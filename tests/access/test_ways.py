"""The suite `access` on clusters with other set-ups, and by who may not do everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import Endpoints, GatewaySettings, LocalKubeflow

ROOT = Path(__file__).parents[2]


def run(endpoints: Endpoints, *options: str) -> tuple[dict[str, str], str]:
    """Outcomes by test of the suite, and the output."""
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short"),
        *(f"--kf-host={endpoints.host}", f"--kf-s3-endpoint={endpoints.s3_endpoint}"),
        *options,
    ]
    if not any(one.startswith("--kf-kubeconfig") for one in options):
        command.append(f"--kf-kubeconfig={endpoints.kubeconfig}")
    if not any(one.startswith("suites") for one in options):
        command.append("suites/access")
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "300", "KF_PASSWORD": endpoints.password or ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    output = done.stdout + done.stderr
    found = re.findall(r"^(PASSED|FAILED|ERROR) suites/access/(\S+)", output, re.MULTILINE)
    outcomes = {test: outcome for outcome, test in found}
    assert endpoints.password is not None
    assert endpoints.password not in output
    return outcomes, output


def skips(output: str) -> list[str]:
    """The reasons for which tests were skipped."""
    return re.findall(r"^SKIPPED \[\d+\] \S+ (.+)$", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("settings", "login"),
    [
        (GatewaySettings(sign_in_page=False), None),
        (GatewaySettings(approval=True, ldap=True), None),
        (GatewaySettings(ldap=True), "jane"),
    ],
    ids=["redirect", "approval-and-choice", "ldap"],
)
def test_every_login_page_is_found_through(settings: GatewaySettings, login: str | None) -> None:
    with LocalKubeflow(gateway=settings) as cluster:
        user = login or cluster.endpoints.username
        options = [f"--kf-username={user}", "suites/access/test_login.py"]
        if login is not None:
            options.append("--kf-dex-connector=ldap")
        outcomes, output = run(cluster.endpoints, *options)
    assert list(outcomes.values()) == ["PASSED"], output


def test_where_dex_alone_is_trusted_the_rest_is_skipped() -> None:
    """As in the example installation."""
    with LocalKubeflow(gateway=GatewaySettings(cluster_tokens=False)) as cluster:
        outcomes, output = run(cluster.endpoints, f"--kf-username={cluster.endpoints.username}")
    assert set(outcomes.values()) == {"PASSED"}, output
    assert len(outcomes) == 11, output
    (reason,) = {one.partition(": ")[0] for one in skips(output)}
    assert reason == "the gateway takes no tokens of service accounts"


def test_tokens_are_for_the_audience_that_the_gateway_wants() -> None:
    audience = "istio-ingressgateway.istio-system.svc.cluster.local"
    with LocalKubeflow(gateway=GatewaySettings(token_audience=audience)) as cluster:
        options = [f"--kf-username={cluster.endpoints.username}", "suites/access/test_accounts.py"]
        outcomes, output = run(cluster.endpoints, *options, f"--kf-audience={audience}")
        assert list(outcomes.values()) == ["PASSED"] * 5, output
        outcomes, output = run(cluster.endpoints, *options)
        assert list(outcomes.values()) == ["PASSED"] * 2, output
    assert any("403: Audiences in Jwt are not allowed" in one for one in skips(output)), output


@pytest.fixture
def owners_kubeconfig(tmp_path: Path) -> Iterator[tuple[Endpoints, Path]]:
    """A cluster, and the kubeconfig of who has no rights but those of a profile's owner."""
    from kubernetes import client, config

    with LocalKubeflow() as cluster:
        endpoints = cluster.endpoints
        api = config.new_client_from_config(str(endpoints.kubeconfig))
        core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
        namespace = endpoints.namespace
        core.create_namespaced_service_account(namespace, {"metadata": {"name": "person"}})
        group = "rbac.authorization.k8s.io"
        binding: Any = {
            "metadata": {"name": "person"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "kubeflow-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "person", "namespace": namespace}],
        }
        rbac.create_namespaced_role_binding(namespace, binding)
        request: Any = {"spec": {"expirationSeconds": 3600}}
        answer = core.create_namespaced_service_account_token("person", namespace, request)
        file = json.loads(endpoints.kubeconfig.read_text())
        file["users"][0]["user"] = {"token": answer.status.token}
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(file))
        api.close()
        yield endpoints, path


def test_an_owner_without_more_rights_is_told_what_was_not_tried(
    owners_kubeconfig: tuple[Endpoints, Path],
) -> None:
    endpoints, kubeconfig = owners_kubeconfig
    outcomes, output = run(
        endpoints, f"--kf-username={endpoints.username}", f"--kf-kubeconfig={kubeconfig}"
    )
    assert set(outcomes.values()) == {"PASSED"}, output
    assert {name.partition("::")[0] for name in outcomes} == {
        "test_endpoints.py",
        "test_identity.py",
        "test_login.py",
        "test_records.py",
    }, output
    reasons = skips(output)
    assert any("this user may not make profiles" in one for one in reasons), output
    assert any("there is no token of a service account" in one for one in reasons), output


def test_a_login_alone_is_enough_for_what_needs_no_more(tmp_path: Path) -> None:
    """Without any access to Kubernetes."""
    with LocalKubeflow() as cluster:
        endpoints = cluster.endpoints
        command = [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short"),
            *(f"--kf-host={endpoints.host}", f"--kf-username={endpoints.username}"),
            *(f"--kf-namespace={endpoints.namespace}", "suites/access"),
        ]
        environment = {key: one for key, one in os.environ.items() if key != "KUBECONFIG"}
        environment |= {"HOME": str(tmp_path), "KF_PASSWORD": str(endpoints.password)}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment, "COLUMNS": "300"},
            capture_output=True,
            text=True,
            check=False,
            timeout=170,
        )
    assert done.returncode == 0, done.stdout
    passed = re.findall(r"^PASSED suites/access/(\w+)", done.stdout, re.MULTILINE)
    assert sorted(set(passed)) == [
        "test_endpoints",
        "test_identity",
        "test_login",
        "test_records",
    ], done.stdout
    assert len(passed) == 8, done.stdout
    assert any("there is no kubeconfig" in one for one in skips(done.stdout)), done.stdout


def test_without_users_there_is_nobody_to_refuse() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", "suites/access"]
    options = ["--kf-host=local", "--kf-local-mode=standalone"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=170
    )
    assert done.returncode == 0, done.stdout
    assert "stand-alone pipelines have no users" in done.stdout
    assert "passed" not in done.stdout.splitlines()[-1]
