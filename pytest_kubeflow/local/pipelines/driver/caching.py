"""Caching: what a task would do again, and where it was done before.

Source: kubeflow/pipelines backend/src/v2/driver/cache.go and backend/src/v2/cacheutils/cache.go. A
fingerprint stands for all that a task's outputs can depend on; the last execution of the same
pipeline and namespace that has it is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pytest_kubeflow.local.metadata import MetadataStore
from pytest_kubeflow.local.pipelines.driver.claims import DELETE
from pytest_kubeflow.local.pipelines.driver.step import Step

Json = Any

FINGERPRINT = "cache_fingerprint"


def fingerprint(step: Step, claims: Iterable[str]) -> str:
    """Of a container task; `claims` are the names of the volumes that it mounts."""
    if key := (step.task.get("cachingOptions") or {}).get("cacheKey"):
        name = (step.task.get("componentRef") or {}).get("name") or ""
        return hashlib.sha256(f"{name}\0{key}".encode()).hexdigest()
    outputs = step.component.get("outputDefinitions") or {}
    content = {
        "inputs": step.inputs.parameters,
        "input_artifacts": {
            name: [one.id for one in found] for name, found in step.inputs.artifacts.items()
        },
        "output_parameters": {
            name: one.get("parameterType")
            for name, one in (outputs.get("parameters") or {}).items()
        },
        "output_artifacts": {
            name: [one.get("artifactType"), one.get("metadata")]
            for name, one in (outputs.get("artifacts") or {}).items()
        },
        "command": [*(step.container.get("command") or []), *(step.container.get("args") or [])],
        "image": step.container.get("image"),
        "claims": sorted(set(claims)),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Cache:
    """Which execution has which fingerprint, in which pipeline and namespace."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._executions: dict[tuple[str, str, str], int] = {}
        for context in metadata.nodes("context"):
            if metadata.type_of("context", context).name != "system.Pipeline":
                continue
            for node in metadata.in_context("execution", context.id):
                properties = node.custom_properties
                if properties.get("image") == DELETE:
                    continue  # its fingerprint is there, but never an entry
                if FINGERPRINT in properties and node.state == "COMPLETE":
                    place = str(properties.get("namespace")), str(properties[FINGERPRINT])
                    self._executions[context.name, *place] = node.id

    def find(self, pipeline: str, namespace: str, fingerprint: str) -> int:
        """The execution whose outputs can be taken; 0 if there is none."""
        return self._executions.get((pipeline, namespace, fingerprint), 0)

    def add(self, pipeline: str, namespace: str, fingerprint: str, execution: int) -> None:
        """Remember an execution that has succeeded."""
        self._executions[pipeline, namespace, fingerprint] = execution
