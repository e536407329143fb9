"""Artifacts of tasks as nodes of ML Metadata, and back.

Properties: kubeflow/pipelines backend/src/v2/metadata, client.go (RecordArtifact) and converter.go
(toMLMDArtifact, toRuntimeArtifact). Numbers are doubles there, and containers are wrapped, of which
only the first is undone on the way back: a list `l` reaches the next task as `{"list": l}`.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.metadata import MetadataStore, Node
from pytest_kubeflow.local.pipelines.driver.inputs.values import StoredArtifact
from pytest_kubeflow.local.pipelines.driver.report import Artifact
from pytest_kubeflow.local.pipelines.spec.values import whole

Json = Any


def record(metadata: MetadataStore, artifact: Artifact, name: str) -> Node:
    """A new node for an artifact that the output `name` gave."""
    kind = metadata.put_type("artifact", artifact.type or "system.Artifact")
    return metadata.put(
        "artifact",
        kind.id,
        uri=artifact.uri,
        state="LIVE",
        custom_properties={"display_name": name, "store_session_info": "{}"}
        | _properties(artifact),
    )


def find(metadata: MetadataStore, artifact: Artifact, context: int) -> Node | None:
    """A node of the context `context` with this type, URI and metadata."""
    kind = metadata.find_type("artifact", artifact.type)
    wanted = _properties(artifact)
    for node in metadata.in_context("artifact", context):
        same = kind is not None and (node.type_id, node.uri) == (kind.id, artifact.uri)
        if same and node.custom_properties | wanted == node.custom_properties:
            return node
    return None


def stored(node: Node) -> StoredArtifact:
    """The artifact of a node, as tasks get it: with all that ML Metadata has of it but the type."""
    return StoredArtifact(node.id, node.uri, whole(node.custom_properties))


def _properties(artifact: Artifact) -> dict[str, Json]:
    return {key: _property(one) for key, one in artifact.metadata.items()}


def _property(value: Json) -> Json:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, dict):
        return {"struct": value}
    return value
