"""Importers: artifacts that are somewhere already, made known to ML Metadata.

Source: kubeflow/pipelines backend/src/v2/component/importer_launcher.go. The real one does this in
a pod; here only a download into the run's workspace needs one. The metadata is recorded as it is
written: placeholders in it, which the SDK makes of inputs, are filled by nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values
from pytest_kubeflow.local.pipelines.driver.mlmd.recorder import ExecutionRecorder
from pytest_kubeflow.local.pipelines.driver.report import Artifact
from pytest_kubeflow.local.pipelines.driver.step import Step

Json = Any

Download = Callable[[Step, Artifact], Awaitable[None]]

_MODEL = "system.Model"


async def import_artifact(step: Step, recorder: ExecutionRecorder, download: Download) -> Values:
    """Record the artifact that the importer names, and the task as done. Raises TaskError.

    `download` brings an artifact into the run's workspace.
    """
    importer = step.executor["importer"]
    step.node.execution_id = recorder.start_importer(step)
    outputs = list((step.component.get("outputDefinitions") or {}).get("artifacts") or {})
    if len(outputs) != 1:
        raise TaskError("failed to extract output artifact name from componentOutputSpec")
    schema = importer.get("typeSchema") or {}
    kind = schema.get("schemaTitle") or schema.get("instanceSchema") or "system.Artifact"
    artifact = Artifact(outputs[0], _uri(step, importer), kind, _metadata(importer))
    if artifact.uri.startswith("oci://"):
        if kind != _MODEL:
            raise TaskError(f"the {kind} artifact type does not support OCI registries")
        raise TaskError(f"the embedded Kubeflow does not run models in images yet: {artifact.uri}")
    if "://" not in artifact.uri:
        raise TaskError(f"no provider scheme found in artifact URI: {artifact.uri}")
    if importer.get("downloadToWorkspace"):
        await download(step, artifact)
    known = 0 if importer.get("reimport") else recorder.imported(artifact)
    return recorder.complete_import(step.node.execution_id, artifact, known)


def _uri(step: Step, importer: Json) -> str:
    """The artifact's URI: a constant, or an input of the DAG around the importer.

    The real importer looks nowhere else, so a URI that a task gives fails, and so does a part of an
    input. Raises TaskError.
    """
    source = importer.get("artifactUri") or {}
    name = source.get("runtimeParameter")
    if not name:
        if not isinstance(constant := source.get("constant"), str) or not constant:
            raise TaskError("empty Artifact URI constant value")
        return constant
    given = ((step.task.get("inputs") or {}).get("parameters") or {}).get(name)
    if given is None:
        raise TaskError(f"cannot find parameter {name} in task input to fetch artifact uri")
    of_dag = given.get("componentInputParameter")
    if not of_dag:
        raise TaskError("error resolving artifact URI: parent DAG does not have input parameter ")
    value = step.resolve({"componentInputParameter": of_dag})
    if not isinstance(value, str) or not value:
        raise TaskError(f"empty artifact URI runtime value for parameter {name}")
    return value


def _metadata(importer: Json) -> dict[str, Json]:
    """The artifact's metadata. Raises TaskError."""
    metadata: dict[str, Json] = importer.get("metadata") or {}
    if None in metadata.values():
        raise TaskError(
            "failed to convert structValue : unknown/unsupported value type "
            "*structpb.Value_NullValue"
        )
    return metadata
