"""Member: somebody with a namespace, who works with pipelines by the real clients and by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from kubernetes.client import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
from pytest_kubeflow.pipelines.outputs.source import TaskRecord
from pytest_kubeflow.pipelines.runs.last_words import driver_reason, launcher_reason
from pytest_kubeflow.pipelines.tasks.workflow_nodes import NodeTask, WorkflowNodes, read_nodes
from pytest_kubeflow.waiting import Deadline, wait_until

SECONDS = 40
FINISHED = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})


def name(stem: str = "t") -> str:
    """A name that nothing else in the cluster has."""
    return f"{stem}-{uuid.uuid4().hex[:10]}"


@dataclass(frozen=True)
class Member:
    """`kfp` is a kfp.Client, `http` a session with the same token; `core` is an administrator's."""

    host: str
    namespace: str
    kfp: Any
    http: requests.Session
    core: Any

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request to the pipelines API, `path` being what follows `/apis/v2beta1/`."""
        url = f"{self.host}/pipeline/apis/v2beta1/{path}"
        return self.http.request(method, url, timeout=20, **more)

    def start(self, pipeline: Any, experiment_id: str = "", **arguments: Any) -> str:
        """Submit a run of a pipeline function; its id."""
        made = self.kfp.create_run_from_pipeline_func(
            pipeline,
            arguments,
            run_name=name(),
            namespace=self.namespace,
            experiment_name=None if experiment_id else "Default",
            experiment_id=experiment_id or None,
            enable_caching=False,
        )
        return str(made.run_id)

    def wait(self, run_id: str, *states: str) -> Any:
        """The run in one of these states, by default in any that is final."""
        wanted = frozenset(states) or FINISHED
        return wait_until(
            lambda: self.kfp.get_run(run_id),
            lambda run: run.state in wanted,
            deadline=Deadline.after(SECONDS),
            what=f"run {run_id} to be {sorted(wanted)}",
            interval=0.05,
            longest=0.2,
        )

    def until(self, question: Callable[[], Any], what: str) -> Any:
        """Ask until the answer is true; `what` completes "waiting for"."""
        deadline = Deadline.after(SECONDS)
        return wait_until(question, bool, deadline=deadline, what=what, interval=0.05, longest=0.2)

    def run(self, pipeline: Any, **arguments: Any) -> Any:
        """A run of a pipeline function that has ended."""
        return self.wait(self.start(pipeline, **arguments))

    def succeed(self, pipeline: Any, **arguments: Any) -> dict[str, TaskRecord]:
        """Run a pipeline function, which must succeed; what ML Metadata says of its tasks."""
        run = self.run(pipeline, **arguments)
        assert run.state == "SUCCEEDED", self.errors(run)
        return self.records(run.run_id)

    def records(self, run_id: str) -> dict[str, TaskRecord]:
        """The tasks and DAGs of a run in ML Metadata, by place (`outer/loop[0]/task`)."""
        source = MetadataSource(self.post)
        return {"/".join(one.place or one.path): one for one in source.tasks(run_id)}

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """A request to ML Metadata."""
        return self.http.post(f"{self.host}{path}", data=body, headers=dict(headers), timeout=20)

    def nodes(self, run_id: str) -> WorkflowNodes:
        """What the run's Workflow says."""
        client = KubernetesClient()
        client.api_client = self.core.api_client
        return read_nodes(client, self.namespace, run_id) or WorkflowNodes()

    def details(self, run_id: str) -> dict[str, Any]:
        """The run's tasks as its Workflow has them, by display name, with reasons from their logs.

        A task that was not begun is SKIPPED, as for KFP's API.
        """
        named = {one.place or one.path: one.display_name for one in self.records(run_id).values()}
        nodes = self.nodes(run_id)
        return {
            named.get(place) or place[-1]: self._detail(nodes, task)
            for place, task in nodes.tasks.items()
            if place
        }

    def _detail(self, nodes: WorkflowNodes, task: NodeTask) -> dict[str, Any]:
        found: dict[str, Any] = {"state": task.state or "SKIPPED"}
        pod = task.pod
        if pod is not None and not task.is_dag and task.failed_driver is None and task.executors:
            found["pod_name"] = nodes.pod_name(pod)
        if task.message or task.failed_driver is not None:
            message = task.message
            if pod is not None and message == "main: Error (exit code 1)":
                log = self._read(nodes.pod_name(pod))
                _, _, of_driver = driver_reason(log).partition("failed: ")
                launcher = launcher_reason(log)
                _, _, of_importer = launcher.partition("importer component: ")
                message = of_driver or of_importer or f"{message}: {launcher}"
            found["error"] = {"message": message}
        return found

    def _read(self, pod: str) -> str:
        try:
            return str(self.core.read_namespaced_pod_log(pod, self.namespace, container="main"))
        except ApiException as error:
            if error.status != 404:
                raise
            return ""  # it was deleted

    def log(self, run_id: str, task: str) -> str:
        """What the task's container printed."""
        return self._read(self.details(run_id)[task]["pod_name"])

    def pods(self, run_id: str) -> list[Any]:
        """The run's pods that are there now."""
        selector = f"pipeline/runid={run_id}"
        listed = self.core.list_namespaced_pod(self.namespace, label_selector=selector)
        return list(listed.items)

    def errors(self, run: Any) -> str:
        """All that is known about why a run failed, for the message of an assertion."""
        texts = [str(run.state)]
        pods = {pod.metadata.name for pod in self.pods(run.run_id)}
        for task, one in self.details(run.run_id).items():
            if "error" in one:
                texts.append(f"{task}: {one['error']['message']}")
                if one.get("pod_name") in pods:
                    texts.append(self.log(run.run_id, task)[-800:])
        return "\n".join(texts)
