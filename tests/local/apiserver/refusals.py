"""What an API server says to the requests of `requestcases`, and what a real one has said.

`refusals.json` was written by Kubernetes 1.34.4; tests/real asks a real one again, and writes it
anew with UPDATE_REFUSALS=1.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client, config

from tests.local.apiserver.requestcases import Case, cases

RECORDED = Path(__file__).with_name("refusals.json")
# Words that differ: the status is the same all the same.
OTHER_WORDS = {
    "pod: rights that contradict": "Go's names of all fields, those that are not set too",
    "no such group": "plain text instead of a Status",
    "its size": "a comparison in Go's form at the end",
    "a number in it": "the whole patched object as text",
    "an unknown field in it, strictly": "the whole patched object as text",
    "no list of operations": "the name of a Go type",
}
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSTEADY = re.compile(r'"{\\".*}"')  # an object as it was at that time


def recorded() -> dict[str, list[Any]]:
    """Status and message of each case, by its name."""
    found: dict[str, list[Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def outcome(kubeconfig: Path) -> dict[str, list[Any]]:
    """The same of another server, whose namespaces the kubeconfig's user may make."""
    api = config.new_client_from_config(str(kubeconfig))
    core, namespace = client.CoreV1Api(api), f"t-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": namespace}})
    try:
        account = {"metadata": {"name": "default"}}
        # Where there is a controller for it, it may be there already.
        with ignoring("AlreadyExists"):
            core.create_namespaced_service_account(namespace, account)
        return {case.name: _send(api, case, namespace) for case in cases()}
    finally:
        core.delete_namespace(namespace)
        api.close()


@contextmanager
def ignoring(reason: str) -> Iterator[None]:
    """Refusals for this reason are as good as success."""
    try:
        yield
    except client.ApiException as error:
        if json.loads(error.body or "{}").get("reason") != reason:
            raise


def _send(api: client.ApiClient, case: Case, namespace: str) -> list[Any]:
    body = case.body if isinstance(case.body, str) else json.dumps(case.body)
    headers = {"Content-Type": case.content_type}
    api.update_params_for_auth(headers, [], ["BearerToken"])
    response = api.rest_client.pool_manager.request(
        case.method,
        api.configuration.host + case.path.replace("NS", namespace),
        body=None if case.body is None else body.replace('"NS"', f'"{namespace}"'),
        headers=headers,
    )
    try:
        found = json.loads(response.data)
    except ValueError:
        return [response.status, ""]
    message = found.get("message", "") if found.get("kind") == "Status" else ""
    message = _UNSTEADY.sub("OBJECT", message.replace(namespace, "NS"))
    return [response.status, _UID.sub("UID", message)]
