"""Workflows: runs as Argo Workflow objects, the way the API server makes and changes them.

What a real Workflow holds is the pipeline compiled to Argo templates; ours carries the compiled
pipeline itself as parameters, for the driver that stands in for the workflow controller. A package
of KFP 1 is a Workflow already, which the workflow controller runs.
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
from pytest_kubeflow.local.kube.resources import PODS, WORKFLOWS
from pytest_kubeflow.local.pipelines.argo_template import name_of, retried, workflow_of
from pytest_kubeflow.local.pipelines.macros import Macros
from pytest_kubeflow.local.pipelines.settings import STANDALONE_NAMESPACE
from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument
from pytest_kubeflow.local.pipelines.store import Run

Json = Any

RUN_LABEL = "pipeline/runid"
COMPILED_LABEL = "pipelines.kubeflow.org/v2_component"
"""Marks Workflows of compiled pipelines, and their pods; those of packages of KFP 1 have none."""

GENERATION = "pipelines.kubeflow.org/retry-generation"
SCHEDULED = "pipelines.kubeflow.org/scheduled-at"
RUN_NAME = "pipelines.kubeflow.org/run_name"
_LETTERS = string.ascii_lowercase + string.digits


def workflow_name(document: PipelineDocument) -> str:
    """A name for a Workflow of this pipeline: valid for an object, and for a label.

    It is new, unless a package of KFP 1 has a name of its own.
    """
    if document.is_workflow:
        return name_of(document.spec)
    stem = re.sub(r"[^a-z0-9-]+", "-", document.name.lower()).strip("-")[:52].rstrip("-")
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
        made = _by_the_controller(run) if run.document.is_workflow else _by_the_driver(run)
        made["metadata"] |= {"name": run.workflow, "namespace": cluster_namespace(run)}
        await self._client.create(WORKFLOWS, made)

    async def terminate(self, run: Run) -> None:
        """Ask for the end of a run; a Workflow that is gone has ended."""
        await self._patch(run, {"spec": {"activeDeadlineSeconds": 0}})

    async def retry(self, run: Run) -> None:
        """Let a finished run go on: what succeeded stays, the rest is done again.

        A Workflow that is gone is made again. ApiError: as for `create`.
        """
        if run.document.is_workflow:
            await self._retry_package(run)
            return
        patch = {
            "metadata": {"annotations": {GENERATION: str(run.generation)}},
            "spec": {"activeDeadlineSeconds": None},
        }
        if not await self._patch(run, patch):
            await self.create(run)

    async def _retry_package(self, run: Run) -> None:
        namespace = cluster_namespace(run)
        try:
            found = await self._client.get(WORKFLOWS, run.workflow, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            await self.create(run)
            return
        made, pods = retried(found, run.generation)
        for pod in pods:
            try:
                await self._client.delete(PODS, pod, namespace)
            except ApiError as error:
                if not error.not_found:
                    raise
        await self._client.replace(WORKFLOWS, made)

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


def _by_the_driver(run: Run) -> Object:
    """The Workflow of a pipeline, without name and namespace."""
    parameters = {
        "pipeline-spec": run.document.to_struct(),
        "runtime-config": {
            "parameters": _macros(run).expand(run.arguments) if run.macros else run.arguments,
            "pipeline_root": run.pipeline_root,
        },
    }
    return {
        "metadata": {
            "labels": {RUN_LABEL: run.id, COMPILED_LABEL: "true"},
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
    }


def _by_the_controller(run: Run) -> Object:
    """The Workflow that a package of KFP 1 is, without name and namespace."""
    made = workflow_of(
        run.document.spec, _macros(run), account=run.service_account, run_label=RUN_LABEL
    )
    made["metadata"]["annotations"][RUN_NAME] = run.display_name
    return made


def _macros(run: Run) -> Macros:
    # The controller of recurring runs does not tell the real server when a run was due.
    asked = run.scheduled_at != run.created_at and not run.recurring_run_id
    return Macros(run.id, run.created_at, run.scheduled_at if asked else None)


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))
