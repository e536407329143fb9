"""NodePods: the pods of the nodes of one Workflow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.workflows.config import ControllerConfig
from pytest_kubeflow.local.workflows.errors import TransientError, WorkflowError
from pytest_kubeflow.local.workflows.nodes import Node
from pytest_kubeflow.local.workflows.podspec import NodePod
from pytest_kubeflow.local.workflows.run import Options, Run
from pytest_kubeflow.local.workflows.scope import text_of

Json = Any


class NodePods:
    """Knows those that there are, and makes others."""

    def __init__(
        self, client: KubeClient, config: ControllerConfig, pods: Mapping[str, Object]
    ) -> None:
        self._client = client
        self._config = config
        self._pods = dict(pods)

    def find(self, node: Node) -> Object | None:
        return self._pods.get(node["id"])

    async def make(
        self, run: Run, node: Node, template: Json, options: Options, *, result: bool
    ) -> None:
        """Make the pod of a node. Raises WorkflowError, TransientError."""
        deadline = None if options.in_exit_handler else run.deadline
        seconds = _seconds(template, deadline)
        if seconds is not None and seconds <= 0:
            return  # the deadline ends it
        boundary = run.tree.nodes.get(options.boundary)
        ends = [one for one in (deadline, options.deadline) if one is not None]
        inputs = (template.get("inputs") or {}).get("parameters") or ()
        pod = NodePod(
            name=run.pod_name(node["name"], template["name"]),
            node_id=node["id"],
            node_name=node["name"],
            workflow=run.workflow,
            spec=run.spec,
            template=template,
            boundary=run.templates.get(boundary["templateName"]) if boundary else None,
            repository=run.repository,
            claims=run.status.get("persistentVolumeClaims") or [],
            config=self._config,
            known=run.known | {f"inputs.parameters.{one['name']}": one["value"] for one in inputs},
            result=result,
            in_exit_handler=options.in_exit_handler,
            deadline=f"{min(ends):%Y-%m-%dT%H:%M:%SZ}" if ends else "",
            seconds=seconds,
        )
        manifest = pod.manifest()
        try:
            made = await self._client.create(PODS, manifest)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                namespace = manifest["metadata"]["namespace"]
                made = await self._client.get(PODS, manifest["metadata"]["name"], namespace)
            elif error.code == 403 and "exceeded quota" in error.message:
                raise TransientError(error.message) from None
            else:
                raise WorkflowError(error.message) from None
        self._pods[node["id"]] = made


def _seconds(template: Json, deadline: datetime | None) -> int | None:
    """How long a pod may be active: by its template, or until the Workflow has to be over."""
    own = template.get("activeDeadlineSeconds")
    seconds = None if own is None else int(text_of(own))
    if deadline is None:
        return seconds
    left = int((deadline - datetime.now(UTC)).total_seconds())
    return left if seconds is None else min(left, seconds)
