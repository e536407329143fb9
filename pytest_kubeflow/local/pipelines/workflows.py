"""Workflows: runs as Argo Workflow objects, the way the API server makes and changes them.

What a real Workflow holds is the pipeline compiled to Argo templates; ours carries the compiled
pipeline itself as parameters, for the driver that stands in for the workflow controller.
Labels, annotations and the ways to stop: backend/src/common/util/consts.go and
resource/resource_manager_util.go.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from datetime import datetime
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import WORKFLOWS
from pytest_kubeflow.local.pipelines.macros import Macros
from pytest_kubeflow.local.pipelines.settings import STANDALONE_NAMESPACE
from pytest_kubeflow.local.pipelines.store import Run

Json = Any

RUN_LABEL = "pipeline/runid"
GENERATION = "pipelines.kubeflow.org/retry-generation"
SCHEDULED = "pipelines.kubeflow.org/scheduled-at"
RUN_NAME = "pipelines.kubeflow.org/run_name"
_LETTERS = string.ascii_lowercase + string.digits


def workflow_name(pipeline_name: str) -> str:
    """A new name for a Workflow of this pipeline: valid for an object, and for a label."""
    stem = re.sub(r"[^a-z0-9-]+", "-", pipeline_name.lower()).strip("-")[:52].rstrip("-")
    return f"{stem or 'pipeline'}-{_random()}"


def schedule_name(display_name: str) -> str:
    """A new name for a recurring run, which the names of its runs begin with.

    As the real server has Kubernetes make one up (backend/src/apiserver/template/template.go,
    toSWFCRDResourceGeneratedName).
    """
    stem = re.sub(r"[^a-z0-9-]", "", display_name.lower()) or "job-"
    return stem[:25] + _random()


class Workflows:
    """Makes, stops, retries and deletes the Workflow objects of runs."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def create(self, run: Run) -> None:
        """ApiError: the namespace is missing or on its way out, or the API server refuses."""
        parameters = {
            "pipeline-spec": run.document.to_struct(),
            "runtime-config": {"parameters": _arguments(run), "pipeline_root": run.pipeline_root},
        }
        await self._client.create(
            WORKFLOWS,
            {
                "metadata": {
                    "name": run.workflow,
                    "namespace": cluster_namespace(run),
                    "labels": {
                        RUN_LABEL: run.id,
                        "pipelines.kubeflow.org/v2_component": "true",
                    },
                    "annotations": {
                        "pipelines.kubeflow.org/v2_pipeline": "true",
                        RUN_NAME: run.display_name,
                        GENERATION: str(run.generation),
                        SCHEDULED: _seconds(run.scheduled_at),
                    },
                },
                "spec": {
                    "entrypoint": "entrypoint",
                    "serviceAccountName": run.service_account,
                    "podMetadata": {"labels": {RUN_LABEL: run.id}},
                    "arguments": {
                        "parameters": [
                            {"name": name, "value": json.dumps(value, ensure_ascii=False)}
                            for name, value in parameters.items()
                        ]
                    },
                },
            },
        )

    async def terminate(self, run: Run) -> None:
        """Ask for the end of a run; a Workflow that is gone has ended."""
        await self._patch(run, {"spec": {"activeDeadlineSeconds": 0}})

    async def retry(self, run: Run) -> None:
        """Let a finished run go on: what succeeded stays, the rest is done again.

        A Workflow that is gone is made again. ApiError: as for `create`.
        """
        patch = {
            "metadata": {"annotations": {GENERATION: str(run.generation)}},
            "spec": {"activeDeadlineSeconds": None},
        }
        if not await self._patch(run, patch):
            await self.create(run)

    async def delete(self, run: Run) -> None:
        """Delete the Workflow; its pods go with it."""
        try:
            await self._client.delete(
                WORKFLOWS, run.workflow, cluster_namespace(run), propagation="Background"
            )
        except ApiError as error:
            if not error.not_found:
                raise

    async def _patch(self, run: Run, patch: Object) -> bool:
        """Change the Workflow; False if there is none."""
        try:
            await self._client.patch(
                WORKFLOWS, run.workflow, patch, namespace=cluster_namespace(run)
            )
        except ApiError as error:
            if not error.not_found:
                raise
            return False
        return True


def _seconds(moment: datetime) -> str:
    """RFC 3339, in UTC. strftime writes years below 1000 with fewer than four digits."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def cluster_namespace(run: Run) -> str:
    """Where the objects of a run are."""
    return run.namespace or STANDALONE_NAMESPACE


def _arguments(run: Run) -> dict[str, Json]:
    if not run.macros:
        return run.arguments
    # The controller of recurring runs does not tell the real server when a run was due.
    asked = run.scheduled_at != run.created_at and not run.recurring_run_id
    macros = Macros(run.id, run.created_at, run.scheduled_at if asked else None)
    return macros.expand(run.arguments)


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))
