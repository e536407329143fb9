"""Rights that are missing are told, with the RBAC that gives them; applied, none is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, utils

from pytest_kubeflow.cluster.checklist import State
from tests.cluster.remote import NAMESPACE, Remote

from .broken import good, in_clear, kubeconfig, server_of
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
        lacking.told
    )
    role, binding = yaml.safe_load_all(lacking.fix)
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    ]
    assert {"pods", "secrets", "inferenceservices"} <= {
        resource for rule in role["rules"] for resource in rule["resources"]
    }

    administrator = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    for document in (role, binding):
        utils.create_from_dict(administrator, document)
    after = checked(options, in_clear(remote))
    found = next(one for one in after.findings if one.check == "rights")
    assert (found.state, found.told) == (State.OK, f"all that the tests need in {NAMESPACE}")
