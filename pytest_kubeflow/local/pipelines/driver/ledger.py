"""Ledger: a run's entries in ML Metadata.

Types, names and properties: kubeflow/pipelines backend/src/v2/metadata/client.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.metadata import MetadataStore, Node
from pytest_kubeflow.local.pipelines.driver.report import Artifact
from pytest_kubeflow.local.pipelines.driver.values import StoredArtifact, Values

Json = Any

DAG, CONTAINER = "system.DAGExecution", "system.ContainerExecution"


class Ledger:
    """Writes the executions and artifacts of one run; parts that are there already are kept."""

    def __init__(
        self,
        metadata: MetadataStore,
        *,
        pipeline_name: str,
        run_id: str,
        namespace: str,
        run_root: str,
    ) -> None:
        self._metadata = metadata
        self._namespace = namespace
        self._run_id = run_id
        self.pipeline_context = self._context("system.Pipeline", pipeline_name, {}).id
        self.run_context = self._context(
            "system.PipelineRun",
            run_id,
            {
                "namespace": namespace,
                "resource_name": "run-resource",
                "pipeline_root": run_root,
                "store_session_info": "{}",
            },
        ).id
        if not metadata.parents(self.run_context):
            metadata.add_parent(self.run_context, self.pipeline_context)

    def start_root(self, inputs: Values) -> int:
        """The execution of the whole run; a retried run goes on with the one it has."""
        name = f"run/{self._run_id}"
        known = self._metadata.by_name("execution", DAG, name)
        if known is not None:
            self._metadata.update("execution", known.id, state="RUNNING")
            return known.id
        return self._execution(DAG, {"inputs": inputs.parameters}, inputs, name=name)

    def start_dag(
        self, task: str, display_name: str, parent: int, inputs: Values, component: Json
    ) -> int:
        """The execution of a nested pipeline."""
        dag = component["dag"]
        outputs = dag.get("outputs") or {}
        properties = {
            "task_name": task,
            "display_name": display_name,
            "parent_dag_id": parent,
            "inputs": inputs.parameters,
            "total_dag_tasks": len(dag.get("tasks") or {}),
            "parameter_producer_task": {
                key: json.dumps(one) for key, one in (outputs.get("parameters") or {}).items()
            },
            "artifact_producer_task": json.dumps(outputs.get("artifacts") or {}),
        }
        return self._execution(DAG, properties, inputs)

    def start_container(
        self, task: str, display_name: str, parent: int, inputs: Values, image: str
    ) -> int:
        """The execution of a task in a pod."""
        properties = {
            "task_name": task,
            "display_name": display_name,
            "parent_dag_id": parent,
            "inputs": inputs.parameters,
            "image": image,
            "pod_name": "",
            "pod_uid": "",
            "namespace": self._namespace,
        }
        return self._execution(CONTAINER, properties, inputs)

    def set_pod(self, execution: int, name: str, uid: str) -> None:
        self._metadata.update(
            "execution", execution, custom_properties={"pod_name": name, "pod_uid": uid}
        )

    def finish(self, execution: int, state: str) -> None:
        """`state` is COMPLETE, FAILED or CANCELED."""
        self._metadata.update("execution", execution, state=state)

    def complete(
        self,
        execution: int,
        parameters: Mapping[str, Json],
        artifacts: Mapping[str, list[Artifact]],
    ) -> Values:
        """Record a task's outputs; what the tasks after it get."""
        stored = {
            name: [self._output(execution, name, one) for one in found]
            for name, found in artifacts.items()
        }
        self._metadata.update(
            "execution",
            execution,
            state="COMPLETE",
            custom_properties={"outputs": dict(parameters)},
        )
        return Values(dict(parameters), stored)

    def completed(self, parent: int, task: str) -> tuple[int, Values] | None:
        """Execution and outputs of a task that has succeeded before, in an earlier attempt."""
        for node in reversed(self._metadata.in_context("execution", self.run_context)):
            properties = node.custom_properties
            named = properties.get("task_name") == task
            if named and properties.get("parent_dag_id") == parent:
                if node.state != "COMPLETE":
                    return None
                return node.id, Values(
                    dict(properties.get("outputs") or {}), self._outputs_of(node.id)
                )
        return None

    def known_dag(self, parent: int, task: str) -> int | None:
        """The execution of a nested pipeline from an earlier attempt."""
        for node in self._metadata.in_context("execution", self.run_context):
            properties = node.custom_properties
            named = properties.get("task_name") == task
            if named and properties.get("parent_dag_id") == parent:
                self._metadata.update("execution", node.id, state="RUNNING")
                return node.id
        return None

    def _outputs_of(self, execution: int) -> dict[str, list[StoredArtifact]]:
        found: dict[str, list[StoredArtifact]] = {}
        for event in self._metadata.events:
            if event.execution_id == execution and event.type == "OUTPUT":
                (node,) = self._metadata.nodes("artifact", [event.artifact_id])
                kind = self._metadata.type_of("artifact", node).name
                one = StoredArtifact(node.id, node.uri, kind, _runtime_metadata(node))
                found.setdefault(str(event.path[0]), []).append(one)
        return found

    def _output(self, execution: int, name: str, artifact: Artifact) -> StoredArtifact:
        kind = self._metadata.put_type("artifact", artifact.type or "system.Artifact")
        properties = {key: _property(one) for key, one in artifact.metadata.items()}
        node = self._metadata.put(
            "artifact",
            kind.id,
            uri=artifact.uri,
            state="LIVE",
            custom_properties={"display_name": name, "store_session_info": "{}"} | properties,
        )
        self._metadata.add_event(node.id, execution, "OUTPUT", (name,))
        for context in (self.pipeline_context, self.run_context):
            self._metadata.link("artifact", node.id, context)
        # The real driver reads metadata back from here, display name included.
        return StoredArtifact(node.id, node.uri, kind.name, _runtime_metadata(node))

    def _execution(
        self, kind: str, properties: dict[str, Json], inputs: Values, name: str = ""
    ) -> int:
        node = self._metadata.put(
            "execution",
            self._metadata.put_type("execution", kind).id,
            name=name,
            state="RUNNING",
            custom_properties={"task_name": "", "display_name": ""} | properties,
        )
        for context in (self.pipeline_context, self.run_context):
            self._metadata.link("execution", node.id, context)
        for key, artifacts in inputs.artifacts.items():
            for artifact in artifacts:
                self._metadata.add_event(artifact.id, node.id, "INPUT", (key,))
        return node.id

    def _context(self, kind: str, name: str, properties: dict[str, Json]) -> Node:
        known = self._metadata.by_name("context", kind, name)
        if known is not None:
            return known
        type_id = self._metadata.put_type("context", kind).id
        return self._metadata.put("context", type_id, name=name, custom_properties=properties)


def _property(value: Json) -> Json:
    """A metadata value in ML Metadata: numbers are doubles, and containers are wrapped."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, dict):
        return {"struct": value}
    return "" if value is None else value


def _runtime_metadata(node: Node) -> dict[str, Json]:
    return {
        key: _unwrapped(value)
        for key, value in node.custom_properties.items()
        if key != "store_session_info"
    }


def _unwrapped(value: Json) -> Json:
    if isinstance(value, dict) and len(value) == 1:
        for wrapper in ("list", "struct"):
            if wrapper in value:
                return value[wrapper]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
