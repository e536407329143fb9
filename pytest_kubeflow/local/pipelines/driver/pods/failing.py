"""The pod of a driver that fails, which is where a cluster has the reason.

A real driver runs in a pod before each task, and its log alone tells what keeps it from going on:
Argo's node says no more than `main: Error (exit code 1)`. Here the driver works in the server's
process, and makes such a pod when it fails.
Source: kubeflow/pipelines backend/src/v2/cmd/driver/main.go, and Options.info of v2/driver.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.pipelines.driver.pods.attempt import Tools
from pytest_kubeflow.local.pipelines.driver.pods.pod import run_metadata
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import PodNode

EXIT_CODE = "main: Error (exit code 1)"
_IMAGE = "busybox"
_SCRIPT = 'echo "F$(date -u +%m%d) $(date -u +%H:%M:%S).000000       1 main.go:$1] $2" >&2; exit 1'
_MAIN = {"driver": 84, "launcher": 113}


def complaint(driver: str, details: Mapping[str, object], why: str) -> str:
    """What a driver says: `KFP driver: driver.Container(taskName="add", ...) failed: ...`."""
    message = ", ".join(
        f"{name}={json.dumps(value) if isinstance(value, str) else value}"
        for name, value in details.items()
    )
    return f"KFP driver: driver.{driver}({message}) failed: {why}"


async def fail_in_pod(
    tools: Tools, workflow: Object, run_id: str, node: PodNode, line: str, program: str = "driver"
) -> None:
    """Make the pod of `node`, which logs `line` and fails; returns when it has ended."""
    namespace = workflow["metadata"]["namespace"]
    command = ["sh", "-c", _SCRIPT, program, str(_MAIN[program]), line.replace("$", "$$")]
    manifest = {
        "metadata": run_metadata(workflow, run_id, node.pod, node.name),
        "spec": {
            "restartPolicy": "Never",
            "serviceAccountName": workflow["spec"]["serviceAccountName"],
            "containers": [{"name": "main", "image": _IMAGE, "command": command}],
        },
    }
    try:
        await tools.pods.clear(namespace, node.pod)
        ended = tools.pods.follow(namespace, node.pod, lambda _: None)
        try:
            await tools.client.create(PODS, manifest)
            await ended
        finally:
            ended.cancel()
    except ApiError as error:
        # Without its pod, the reason stands where Argo tells of pods that are refused.
        node.message = error.message
    else:
        node.message = EXIT_CODE
    node.phase = "Failed"
