"""The executor input of a task: its inputs, and where it must leave its outputs.

Layout: kubeflow/pipelines backend/src/v2/driver/driver.go, provisionOutputs.
"""

from __future__ import annotations

import uuid
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import Values

Json = Any

_LOCAL = {"minio://": "/minio/", "s3://": "/s3/", "gs://": "/gcs/"}


_LOGS = {"executor-logs": {"artifactType": {"schemaTitle": "system.Artifact"}}}
"""What every task in a pod gives besides: the log of its component."""


def executor_input(inputs: Values, component: Json, *, run_root: str, task_name: str) -> Json:
    """As the launcher and the SDK's executor read it.

    `run_root` is the pipeline root with the pipeline's name and the run's id. Each attempt gets a
    place of its own under it, so that a retried task does not find the remains of the last one.
    """
    definitions = component.get("outputDefinitions") or {}
    task_root = f"{run_root}/{task_name}/{uuid.uuid4()}"
    return {
        "inputs": {
            "parameterValues": dict(inputs.parameters),
            "artifacts": {
                name: {"artifacts": [one.to_runtime() for one in found]}
                for name, found in inputs.artifacts.items()
            },
        },
        "outputs": {
            "parameters": {
                name: {"outputFile": f"/tmp/kfp/outputs/{name}"}  # noqa: S108 in the container
                for name in definitions.get("parameters") or {}
            },
            "artifacts": {
                name: {
                    "artifacts": [
                        {
                            "name": name,
                            "uri": f"{task_root}/{name}",
                            "type": one.get("artifactType") or {},
                            "metadata": one.get("metadata") or {},
                        }
                    ]
                }
                for name, one in ((definitions.get("artifacts") or {}) | _LOGS).items()
            },
            "outputFile": f"{local_path(task_root)}/output_metadata.json",
        },
    }


def run_root(pipeline_root: str, pipeline_name: str, run_id: str) -> str:
    """Where a run's artifacts go; a query in the root (settings of a bucket) is no part of it."""
    return f"{pipeline_root.split('?', maxsplit=1)[0].rstrip('/')}/{pipeline_name}/{run_id}"


def local_path(uri: str) -> str:
    """Where an artifact is inside a task's container; /tmp/kfp_outputs for unknown schemes."""
    for scheme, place in _LOCAL.items():
        if uri.startswith(scheme):
            return place + uri.removeprefix(scheme)
    return "/tmp/kfp_outputs"  # noqa: S108 in the container
