"""What Argo's interpreter costs, over the pods that it runs.

`python -m benchmarks.workflows [NODES]`: on a warm embedded cluster, a Workflow of two steps
(bound: 0.6 s); then a DAG of 100 (or NODES) tasks at once, beside so many pods made by hand that
are the same, the containers of Argo's executor among them (bound: 1.3 times those). Exit code 1 if
a bound is missed, or if a Workflow has not come to what it should.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from kubernetes import client, config, watch

from benchmarks.processor import processor_seconds
from pytest_kubeflow.local.cluster import LocalKubeflow

_WORKFLOWS = ("argoproj.io", "v1alpha1")
_WARM_BOUND, _RATIO_BOUND = 0.6, 1.3
_IMAGE = "busybox:1"


def workflow(name: str, main: dict[str, Any]) -> dict[str, Any]:
    """A Workflow whose nodes print a number."""
    say = {
        "name": "say",
        "inputs": {"parameters": [{"name": "number"}]},
        "container": {
            "image": _IMAGE,
            "command": ["echo"],
            "args": ["{{inputs.parameters.number}}"],
        },
    }
    return {
        "apiVersion": "/".join(_WORKFLOWS),
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {
            "entrypoint": "main",
            "serviceAccountName": "default-editor",
            "templates": [{"name": "main", **main}, say],
        },
    }


def part(name: str, value: str) -> dict[str, Any]:
    """A step or a task."""
    arguments = {"parameters": [{"name": "number", "value": value}]}
    return {"name": name, "template": "say", "arguments": arguments}


def two_steps(name: str) -> dict[str, Any]:
    """One step after the other, which gets what the first has printed."""
    second = part("second", "{{steps.first.outputs.result}}")
    return workflow(name, {"steps": [[part("first", "1")], [second]]})


def many(name: str, count: int) -> dict[str, Any]:
    """So many tasks at once."""
    task = part("each", "{{item}}") | {"withSequence": {"count": str(count)}}
    return workflow(name, {"dag": {"tasks": [task]}})


class Measured:
    """A namespace of a cluster in which things are timed."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self._api = config.new_client_from_config(kubeconfig)
        self._custom = client.CustomObjectsApi(self._api)
        self._core = client.CoreV1Api(self._api)
        self._namespace = namespace

    def run(self, body: dict[str, Any], pods: int) -> float:
        """Seconds from the request to the Workflow's end."""
        where = (*_WORKFLOWS, self._namespace, "workflows")
        name = body["metadata"]["name"]
        began = time.perf_counter()
        self._custom.create_namespaced_custom_object(*where, body)
        stream = watch.Watch().stream(
            self._custom.list_namespaced_custom_object,
            *where,
            field_selector=f"metadata.name={name}",
            timeout_seconds=600,
        )
        status: dict[str, Any] = {}
        for event in stream:
            status = event["object"].get("status") or {}
            if status.get("phase") in {"Succeeded", "Failed", "Error"}:
                break
        took = time.perf_counter() - began
        assert status["phase"] == "Succeeded", status
        assert status["progress"] == f"{pods}/{pods}", status["progress"]
        return took

    def copies(self, name: str, prefix: str) -> list[dict[str, Any]]:
        """Pods like those of a Workflow; their results belong to one that does nothing."""
        idle = many(f"{prefix}-idle", 1)
        idle["spec"]["suspend"] = True
        where = (*_WORKFLOWS, self._namespace, "workflows")
        owner = self._custom.create_namespaced_custom_object(*where, idle)["metadata"]
        new = {"ARGO_WORKFLOW_NAME": owner["name"], "ARGO_WORKFLOW_UID": owner["uid"]}
        selector = f"workflows.argoproj.io/workflow={name}"
        found = self._api.sanitize_for_serialization(
            self._core.list_namespaced_pod(self._namespace, label_selector=selector).items
        )
        made = []
        for number, pod in enumerate(found):
            spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
            for one in (*spec["initContainers"], *spec["containers"]):
                for variable in one.get("env") or ():
                    variable["value"] = new.get(variable["name"], variable.get("value"))
            metadata = {
                "name": f"{prefix}-{number}",
                "labels": {"benchmark": prefix},
                "annotations": pod["metadata"]["annotations"],
            }
            made.append({"metadata": metadata, "spec": spec})
        return made

    def pods(self, bodies: list[dict[str, Any]], prefix: str) -> float:
        """Seconds until all of these pods have succeeded."""
        began = time.perf_counter()
        for body in bodies:
            self._core.create_namespaced_pod(self._namespace, body)
        ended = set[str]()
        stream = watch.Watch().stream(
            self._core.list_namespaced_pod,
            self._namespace,
            label_selector=f"benchmark={prefix}",
            timeout_seconds=600,
        )
        for event in stream:
            pod = event["object"]
            assert pod.status.phase != "Failed", pod.status.container_statuses
            if pod.status.phase == "Succeeded":
                ended.add(pod.metadata.name)
            if len(ended) == len(bodies):
                break
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with LocalKubeflow() as running:
        endpoints = running.endpoints
        assert running.pid is not None
        measured = Measured(str(endpoints.kubeconfig), endpoints.namespace)
        measured.run(two_steps("first"), 2)
        warm = min(measured.run(two_steps(f"warm-{one}"), 2) for one in range(5))
        measured.run(many("before", 10), 10)
        clock = [processor_seconds(running.pid)]
        whole = measured.run(many("many", count), count)
        clock.append(processor_seconds(running.pid))
        alone = measured.pods(measured.copies("many", "alone"), "alone")
        clock.append(processor_seconds(running.pid))
    print(f"two steps            {warm:6.2f} s, the best of five (bound: {_WARM_BOUND:g} s)")
    print(f"{count} nodes at once   {whole:6.2f} s, {clock[1] - clock[0]:6.2f} s of the server")
    print(f"their pods alone     {alone:6.2f} s, {clock[2] - clock[1]:6.2f} s of the server")
    print(f"a node over its pod  {whole / alone:6.2f} times (bound: {_RATIO_BOUND:g})")
    sys.exit(0 if warm <= _WARM_BOUND and whole <= _RATIO_BOUND * alone else 1)


if __name__ == "__main__":
    main()
