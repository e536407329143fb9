"""A run's entries in ML Metadata.

Types, names and properties: kubeflow/pipelines backend/src/v2/metadata/client.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.metadata import MetadataStore, Node
from pytest_kubeflow.local.pipelines.driver.caching import FINGERPRINT
from pytest_kubeflow.local.pipelines.driver.inputs.values import StoredArtifact, Values
from pytest_kubeflow.local.pipelines.driver.mlmd import artifacts
from pytest_kubeflow.local.pipelines.driver.mlmd.dag_states import DagStates
from pytest_kubeflow.local.pipelines.driver.pods import workspace
from pytest_kubeflow.local.pipelines.driver.report import Artifact
from pytest_kubeflow.local.pipelines.driver.step import Step

Json = Any

DAG, CONTAINER = "system.DAGExecution", "system.ContainerExecution"
IMPORTER, WORKSPACE_IMPORTER = "system.ImporterExecution", "system.ImporterWorkspaceExecution"


@dataclass(frozen=True, slots=True)
class Completed:
    """A task that has succeeded before: its execution, its pod ("" without one), its outputs."""

    execution: int
    pod: str
    values: Values


class ExecutionRecorder:
    """Writes the executions and artifacts of one run; parts that are there already are kept.

    `retried`: the run goes on after an earlier attempt, whose executions count. Without
    `records_inputs` nobody learns which artifacts its tasks read.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        *,
        pipeline_name: str,
        run_id: str,
        namespace: str,
        run_root: str,
        retried: bool = False,
        records_inputs: bool = True,
    ) -> None:
        self._metadata = metadata
        self._namespace = namespace
        self._run_id = run_id
        self._retried = retried
        self._records_inputs = records_inputs
        self._states = DagStates(metadata)
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
        """The execution of the whole run, which is always RUNNING.

        A retried run goes on with the one it has.
        """
        name = f"run/{self._run_id}"
        known = self._metadata.by_name("execution", DAG, name)
        if known is not None:
            return known.id
        return self._execution(DAG, {"inputs": inputs.parameters}, inputs, name=name)

    def start_dag(self, step: Step, *, iteration_count: int | None = None) -> int:
        """The execution of a nested pipeline, a loop (with its count) or one of its iterations.

        A retried run goes on with the one it has.
        """
        dag = step.component.get("dag") or {}
        outputs = dag.get("outputs") or {}
        properties = self._properties(step) | {
            "total_dag_tasks": len(dag.get("tasks") or {}),
            "parameter_producer_task": {
                key: json.dumps(one) for key, one in (outputs.get("parameters") or {}).items()
            },
            "artifact_producer_task": json.dumps(outputs.get("artifacts") or {}),
        }
        expected = int(properties["total_dag_tasks"])
        if iteration_count is not None:
            properties["iteration_count"] = expected = iteration_count
        return self._start(DAG, step, properties, expected)

    def of_dag(self, inputs: Values) -> Values:
        """The inputs of a DAG as its tasks find them: of several artifacts the last."""
        last = {name: [max(found, key=_id)] for name, found in inputs.artifacts.items()}
        return Values(inputs.parameters, last)

    def start_container(self, step: Step, *, fingerprint: str = "", cached: int = 0) -> int:
        """The execution of a task in a pod, or of one whose outputs another one gave."""
        properties = self._properties(step) | {
            "image": str(step.container.get("image") or ""),
            "pod_name": "",
            "pod_uid": "",
            "namespace": self._namespace,
        }
        if cached:
            properties["cached_execution_id"] = str(cached)
        if fingerprint:
            properties[FINGERPRINT] = fingerprint
        return self._start(CONTAINER, step, properties)

    def start_importer(self, step: Step) -> int:
        """The execution of an importer."""
        importer = step.executor["importer"]
        kind = WORKSPACE_IMPORTER if importer.get("downloadToWorkspace") else IMPORTER
        return self._start(kind, step, self._properties(step))

    def not_triggered(self, step: Step) -> int:
        """The execution of a task whose condition is not met: CANCELED, in ML Metadata's words."""
        kind = DAG if "dag" in step.component else CONTAINER
        execution = self._start(kind, step, self._properties(step))
        self.finish(execution, "CANCELED")
        return execution

    def set_pod(self, execution: int, name: str, uid: str) -> None:
        self._metadata.update(
            "execution", execution, custom_properties={"pod_name": name, "pod_uid": uid}
        )

    def restart(self, execution: int) -> None:
        """An execution goes on after it has failed."""
        self.finish(execution, "RUNNING")

    def finish(self, execution: int, state: str) -> None:
        """`state` is COMPLETE, FAILED or CANCELED."""
        self._metadata.update("execution", execution, state=state)
        self._states.moved(execution, state)

    def launched(self, step: Step) -> None:
        """The launcher of a task has told its end; the DAGs around it may have ended with it."""
        self._states.published(step.parent)

    def state(self, execution: int) -> str:
        """The state of an execution; empty for 0, which is none."""
        return self._metadata.nodes("execution", [execution])[0].state if execution else ""

    def complete(
        self,
        execution: int,
        parameters: Mapping[str, Json],
        found: Mapping[str, list[Artifact]],
    ) -> Values:
        """Record a task's outputs; what the tasks after it get."""
        stored = {
            name: [self._output(execution, name, one) for one in several]
            for name, several in found.items()
        }
        self._publish(execution, "COMPLETE", parameters)
        return Values(dict(parameters), stored)

    def fail(self, execution: int, found: Mapping[str, list[Artifact]]) -> None:
        """Record a task that has failed, and what it has left all the same: its log."""
        for name, several in found.items():
            for one in several:
                self._output(execution, name, one)
        self.finish(execution, "FAILED")

    def reuse(self, execution: int, cached: int) -> Values:
        """Give an execution the outputs of an earlier one."""
        (earlier,) = self._metadata.nodes("execution", [cached])
        parameters = dict(earlier.custom_properties.get("outputs") or {})
        stored = self._outputs_of(cached)
        for name, several in stored.items():
            for one in several:
                self._attribute(execution, name, one.id)
        self._publish(execution, "CACHED", parameters)
        return Values(parameters, stored)

    def imported(self, artifact: Artifact) -> int:
        """The id of an artifact that this pipeline has imported before; 0 if there is none."""
        node = artifacts.find(self._metadata, artifact, self.pipeline_context)
        return node.id if node else 0

    def complete_import(self, execution: int, artifact: Artifact, known: int) -> Values:
        """Record what an importer gives: a new artifact, or the one that is `known`."""
        known = known or artifacts.record(self._metadata, artifact, artifact.name).id
        self._attribute(execution, artifact.name, known)
        self._publish(execution, "COMPLETE", {})
        return Values({}, self._outputs_of(execution))

    def completed(self, step: Step) -> Completed | None:
        """A task that has succeeded in an earlier attempt of this run."""
        node = self._known(step)
        if node is None or node.state not in {"COMPLETE", "CACHED"}:
            return None
        parameters = dict(node.custom_properties.get("outputs") or {})
        pod = str(node.custom_properties.get("pod_name") or "")
        self._begun(node.id, step, node.state)
        return Completed(node.id, pod, Values(parameters, self._outputs_of(node.id)))

    def _known(self, step: Step) -> Node | None:
        """The last execution of a task in earlier attempts."""
        if not self._retried:
            return None
        wanted = {"task_name": step.key, "parent_dag_id": step.parent}
        for node in reversed(self._metadata.in_context("execution", self.run_context)):
            properties = node.custom_properties
            if properties.get("iteration_index") == step.iteration and all(
                properties.get(name) == value for name, value in wanted.items()
            ):
                return node
        return None

    def _properties(self, step: Step) -> dict[str, Json]:
        properties: dict[str, Json] = {
            "task_name": step.key,
            "display_name": step.display_name,
            "parent_dag_id": step.parent,
            "inputs": step.inputs.parameters,
        }
        if step.iteration is not None:
            properties["iteration_index"] = step.iteration
        return properties

    def _publish(self, execution: int, state: str, parameters: Mapping[str, Json]) -> None:
        self._metadata.update(
            "execution", execution, state=state, custom_properties={"outputs": dict(parameters)}
        )
        self._states.moved(execution, state)

    def _outputs_of(self, execution: int) -> dict[str, list[StoredArtifact]]:
        found: dict[str, list[StoredArtifact]] = {}
        (producer,) = self._metadata.nodes("execution", [execution])
        in_workspace = self._metadata.type_of("execution", producer).name == WORKSPACE_IMPORTER
        for event in self._metadata.events_of(execution):
            if event.type == "OUTPUT":
                (node,) = self._metadata.nodes("artifact", [event.artifact_id])
                one = artifacts.stored(node)
                if in_workspace:
                    one.metadata[workspace.FLAG] = True
                found.setdefault(str(event.path[0]), []).append(one)
        return found

    def _output(self, execution: int, name: str, artifact: Artifact) -> StoredArtifact:
        node = artifacts.record(self._metadata, artifact, name)
        self._attribute(execution, name, node.id)
        return artifacts.stored(node)

    def _attribute(self, execution: int, name: str, artifact: int) -> None:
        self._metadata.add_event(artifact, execution, "OUTPUT", (name,))
        for context in (self.pipeline_context, self.run_context):
            self._metadata.link("artifact", artifact, context)

    def _start(
        self, kind: str, step: Step, properties: dict[str, Json], expected: int | None = None
    ) -> int:
        """The execution of a task: a new one, or that of an earlier attempt of the run."""
        known = self._known(step)
        if known is None:
            execution = self._execution(kind, properties, step.inputs)
        else:
            execution = known.id
            self._metadata.update(
                "execution", execution, state="RUNNING", custom_properties=properties
            )
        self._begun(execution, step, "RUNNING", expected)
        return execution

    def _begun(self, execution: int, step: Step, state: str, expected: int | None = None) -> None:
        task = (step.key, step.iteration)
        self._states.begun(execution, step.parent, task, state=state, expected=expected)

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
        for key, found in inputs.artifacts.items() if self._records_inputs else ():
            for artifact in found:
                self._metadata.add_event(artifact.id, node.id, "INPUT", (key,))
        return node.id

    def _context(self, kind: str, name: str, properties: dict[str, Json]) -> Node:
        known = self._metadata.by_name("context", kind, name)
        if known is not None:
            return known
        type_id = self._metadata.put_type("context", kind).id
        return self._metadata.put("context", type_id, name=name, custom_properties=properties)


def _id(artifact: StoredArtifact) -> int:
    return artifact.id
