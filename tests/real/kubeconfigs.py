"""Kubeconfigs of service accounts, with a token that the API server issued."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_kubeflow.k8s.client import KubernetesClient

_SECONDS = 7200


def of_account(admin: Path, namespace: str, account: str, into: Path) -> Path:
    """Write the kubeconfig of `namespace/account` to `into`, by the administrator's `admin`."""
    client = KubernetesClient(admin)
    try:
        request = {"spec": {"expirationSeconds": _SECONDS}}
        issued = client.core.create_namespaced_service_account_token(account, namespace, request)
    finally:
        client.close()
    config = json.loads(admin.read_text())
    user = f"{namespace}/{account}"
    config["users"] = [{"name": user, "user": {"token": issued.status.token}}]
    for context in config["contexts"]:
        context["context"].update(user=user, namespace=namespace)
    into.touch(mode=0o600)
    into.write_text(json.dumps(config))
    return into
