"""Workflows that Argo's own controller and executor (v3.7.3) ran: here they come to the same.

Recorded on a real Kubernetes with no artifact repository: each line has the specification and what
became of it, without times and places. One, c-m3, is of v4.0.5, where it differs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow

RECORDED: dict[str, dict[str, Any]] = {
    one["name"]: one
    for one in map(json.loads, Path(__file__).with_name("recorded.jsonl").read_text().splitlines())
}
WORKFLOWS = ("argoproj.io", "v1alpha1", "kubeflow-user-example-com", "workflows")
OF_PLACE = ("startedAt", "finishedAt", "hostNodeName", "resourcesDuration", "estimatedDuration")
ENDED = {"Succeeded", "Failed", "Error"}
SECONDS = 60


@pytest.fixture(scope="module")
def custom() -> Iterator[Any]:
    """An embedded cluster in which all of them run at once."""
    with (
        LocalKubeflow() as running,
        config.new_client_from_config(str(running.endpoints.kubeconfig)) as api,
    ):
        made = client.CustomObjectsApi(api)
        for one in RECORDED.values():
            body = {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "metadata": {"name": one["name"]},
                "spec": {**one["spec"], "serviceAccountName": "default-editor"},
            }
            made.create_namespaced_custom_object(*WORKFLOWS, body)
        yield made


def plain(node: dict[str, Any]) -> dict[str, Any]:
    """A node without times and places, and without its log in the store."""
    made = {key: value for key, value in node.items() if key not in OF_PLACE}
    outputs = made.get("outputs") or {}
    if "artifacts" in outputs:
        rest = [one for one in outputs["artifacts"] if one["name"] != "main-logs"]
        outputs = {key: value for key, value in outputs.items() if key != "artifacts"}
        made["outputs"] = outputs | ({"artifacts": rest} if rest else {})
        if not made["outputs"]:
            del made["outputs"]
    return made


@pytest.mark.parametrize("name", RECORDED)
def test_it_comes_to_the_same(custom: Any, name: str) -> None:
    recorded = RECORDED[name]
    status: dict[str, Any] = {}
    until = time.monotonic() + SECONDS
    while status.get("phase") not in ENDED:
        assert time.monotonic() < until, status
        time.sleep(0.1)
        status = custom.get_namespaced_custom_object(*WORKFLOWS, name).get("status") or {}
    nodes = {key: plain(one) for key, one in (status.get("nodes") or {}).items()}
    for key, node in recorded["nodes"].items():
        assert nodes.get(key) == node
    assert nodes.keys() == recorded["nodes"].keys()
    for key in ("phase", "progress", "outputs"):
        assert status.get(key) == recorded[key]
    assert status.get("message", "") == recorded["message"]
