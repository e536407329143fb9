"""Origins: which task of which run wrote an artifact, and out of what, by ML Metadata's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.pipelines.outputs.mlmd import (
    OUTPUT_EVENT,
    RUN_CONTEXT,
    MetadataSource,
    artifact_of,
)
from pytest_kubeflow.pipelines.outputs.source import Artifact

INPUT_EVENT = 3
"""Event.Type of metadata_store.proto."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The task that wrote `artifact`. `inputs` are the artifacts that it read, by their names.

    `image` is that of its container, "" where ML Metadata has none (of an importer).
    """

    artifact: Artifact
    run_id: str
    task: str
    image: str = ""
    inputs: Mapping[str, Artifact] = field(default_factory=dict)


def origins(source: MetadataSource, uris: Iterable[str]) -> list[Origin]:
    """Who wrote the artifacts at these URIs, the last one last; none where nobody is recorded.

    Raises SourceUnavailable.
    """
    found = source.call("GetArtifactsByURI", uris=list(uris)).artifacts
    artifacts = {one.id: one for one in found}
    if not artifacts:
        return []
    events = source.call("GetEventsByArtifactIDs", artifact_ids=sorted(artifacts)).events
    written = {
        event.execution_id: event.artifact_id for event in events if event.type == OUTPUT_EVENT
    }
    if not written:
        return []
    executions = source.call("GetExecutionsByID", execution_ids=sorted(written)).executions
    read = _inputs(source, sorted(written))
    return [
        _origin(source, one, artifacts[written[one.id]], read.get(one.id, {}))
        for one in sorted(executions, key=lambda one: int(one.id))
    ]


def _origin(
    source: MetadataSource, execution: Any, artifact: Any, inputs: Mapping[str, Artifact]
) -> Origin:
    contexts = source.call("GetContextsByExecution", execution_id=execution.id).contexts
    runs = [one.name for one in contexts if one.type == RUN_CONTEXT]
    properties = execution.custom_properties

    def text(name: str) -> str:
        # Reading a missing key of a protobuf map would add it.
        return str(properties[name].string_value) if name in properties else ""

    return Origin(
        artifact=artifact_of(artifact),
        run_id=runs[0] if runs else "",
        task=text("task_name") or execution.name,
        image=text("image"),
        inputs=inputs,
    )


def _inputs(source: MetadataSource, executions: list[int]) -> dict[int, dict[str, Artifact]]:
    """What each execution read, by the names of its inputs."""
    listed = source.call("GetEventsByExecutionIDs", execution_ids=executions).events
    events = [one for one in listed if one.type == INPUT_EVENT]
    if not events:
        return {}
    ids = sorted({one.artifact_id for one in events})
    artifacts = {
        one.id: artifact_of(one)
        for one in source.call("GetArtifactsByID", artifact_ids=ids).artifacts
    }
    found: dict[int, dict[str, Artifact]] = {}
    for event in events:
        if (artifact := artifacts.get(event.artifact_id)) is not None:
            key = next((step.key for step in event.path.steps if step.key), artifact.name)
            found.setdefault(event.execution_id, {})[key] = artifact
    return found
