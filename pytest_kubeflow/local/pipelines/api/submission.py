"""Submissions: what a request wants to be run, checked, and runs made of it.

Runs and recurring runs have this in common. Source: backend/src/apiserver/resource/
resource_manager.go, CreateRun and CreateJob.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.pipelines.api.context import Context, accepted, refused, text_field
from pytest_kubeflow.local.pipelines.api.errors import (
    Code,
    GatewayError,
    RequestError,
    invalid,
    not_found,
)
from pytest_kubeflow.local.pipelines.api.fields import message_field, object_field
from pytest_kubeflow.local.pipelines.argo_template import SDK_ACCOUNT, account_of
from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError, check_arguments
from pytest_kubeflow.local.pipelines.spec.values import whole
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    PipelineVersion,
    Run,
    StateChange,
    Submission,
    now,
)
from pytest_kubeflow.local.pipelines.workflows import Workflows, workflow_name

Json = Any

RUN, RECURRING = "run", "recurring run"
_FETCHING = {
    RUN: "Failed to create a run due to error fetching manifest",
    RECURRING: "Failed to create a recurring run with an invalid pipeline spec manifest",
}


def new_run(
    wanted: Submission,
    display_name: str,
    *,
    recurring_run_id: str = "",
    scheduled_at: datetime | None = None,
    version_id: str = "",
) -> Run:
    """A new run of what is wanted, not recorded yet; `version_id` if it does not name one."""
    created = now()
    # A recurring run of one version is a Workflow already, in which macros are not looked for
    # (kubeflow/pipelines#12494); one of the latest version is submitted anew, as any other run.
    pinned = bool(wanted.version_id or not wanted.pipeline_id)
    return Run(
        display_name,
        wanted.experiment_id,
        wanted.namespace,
        wanted.document,
        wanted.arguments,
        wanted.service_account,
        workflow_name(wanted.document),
        description=wanted.description,
        pipeline_id=wanted.pipeline_id,
        pipeline_version_id=wanted.version_id or version_id,
        pipeline_root=wanted.pipeline_root,
        recurring_run_id=recurring_run_id,
        macros=not (recurring_run_id and pinned),
        created_at=created,
        scheduled_at=scheduled_at or created,
        history=(StateChange("PENDING", created),),
    )


class Submissions:
    """Reads submissions out of requests, and makes runs."""

    def __init__(self, context: Context, workflows: Workflows) -> None:
        self._context = context
        self._store = context.store
        self._workflows = workflows

    async def read(self, request: Request, message: dict[str, Json], what: str) -> Submission:
        """What the message of a run or a recurring run (`what`) asks for. Raises RequestError."""
        experiment = self._experiment(
            text_field(message, "experiment_id"), text_field(message, "namespace"), what
        )
        config = message_field(message, "runtime_config", ("parameters", "pipeline_root"))
        given = object_field(config, "parameters")
        pipeline_root = text_field(config, "pipeline_root")
        document, version, pinned = await self._source(request, message, what)
        try:
            arguments = whole(given)
        except (ValueError, RecursionError) as error:
            raise invalid(f"invalid value for runtime_config.parameters: {error}") from None
        try:
            check_arguments(document, arguments)
        except SpecError as error:
            raise refused(error).wrap("invalid pipeline job inputs") from None
        account = "default-editor" if self._context.multi_user else SDK_ACCOUNT
        if document.is_workflow:
            account = account_of(document.spec, account)
            if self._context.faults.active("package-account-ignored"):
                account = "default"
        return Submission(
            experiment.id,
            experiment.namespace,
            document,
            arguments,
            text_field(message, "service_account") or account,
            description=text_field(message, "description"),
            pipeline_id=version.pipeline_id if version else "",
            version_id=version.id if version and pinned else "",
            pipeline_root=pipeline_root,
            names_account=bool(text_field(message, "service_account")),
        )

    def latest(self, submission: Submission) -> tuple[Submission, str]:
        """The submission with what its pipeline's latest version is now, and that version's id.

        RequestError: the pipeline is gone.
        """
        if submission.version_id or not submission.pipeline_id:
            return submission, submission.version_id
        version = self._version(submission.pipeline_id, "")
        return replace(submission, document=version.document), version.id

    async def submit(self, record: Run) -> Run:
        """Record a run and make its Workflow; the run as it is then. RequestError: refused."""
        self._store.runs.save(record)  # first: news of its Workflow may come at once
        try:
            await self._workflows.create(record)
        except (ApiError, ApiUnreachableError) as error:
            if record.id in self._store.runs:
                del self._store.runs[record.id]
            why = error.message if isinstance(error, ApiError) else str(error)
            raise RequestError(
                Code.INTERNAL,
                "Internal Server Error",
                cause=f"Failed to create a run: error creating its Workflow: {why}",
            ) from None
        if record.id not in self._store.runs:  # deleted before there was a Workflow to delete
            await self._workflows.delete(record)
        experiment = self._store.experiments.get(record.experiment_id)
        if experiment is not None:
            self._store.experiments.save(replace(experiment, last_run_created_at=record.created_at))
        return self._store.runs.get(record.id, record)

    async def withdraw(self, record: Run) -> None:
        """Delete the Workflow of a run, which stays on record."""
        await self._workflows.delete(record)

    def _experiment(self, experiment_id: str, namespace: str, what: str) -> Experiment:
        """The experiment, which is in `namespace` if the request names one. Raises RequestError."""
        doing = f"Failed to create a {what} due to invalid experimentId and namespace combination"
        if not experiment_id:
            if self._context.multi_user:
                raise invalid("Experiment id can not be empty in multi-user mode").wrap(doing)
            return self._store.default_experiment("")
        experiment = self._store.experiments.get(experiment_id)
        if experiment is None:
            raise (
                not_found("Experiment", experiment_id)
                .wrap(f"Failed to fetch namespace from experiment {experiment_id}")
                .wrap(f"Failed to fetch namespace for experiment {experiment_id}")
                .wrap(doing)
            )
        namespace = self._context.api_namespace(namespace)
        if namespace not in {"", experiment.namespace}:
            raise invalid(
                f"Experiment {experiment_id} belongs to namespace '{experiment.namespace}' "
                f"instead of '{namespace}'"
            ).wrap(doing)
        return experiment

    async def _source(
        self, request: Request, message: dict[str, Json], what: str
    ) -> tuple[PipelineDocument, PipelineVersion | None, bool]:
        """The pipeline to run: in the request, or by reference; whether to one version of it.

        Raises RequestError: the real server says "internal error" of what it does not find.
        """
        reference = message_field(
            message, "pipeline_version_reference", ("pipeline_id", "pipeline_version_id")
        )
        version_id = text_field(reference, "pipeline_version_id")
        version_id = version_id or text_field(message, "pipeline_version_id")
        pipeline_id = text_field(reference, "pipeline_id")
        if version_id or pipeline_id:
            version = self._referenced(pipeline_id, version_id, what)
            namespace = self._store.pipelines[version.pipeline_id].namespace
            if namespace:
                await self._context.access.require(request, "get", "pipelines", namespace)
            # Uploads take what is well-formed; whether it can be run counts from here on.
            return accepted(version.document), version, bool(version_id)
        if message.get("pipeline_spec"):
            try:
                return accepted(PipelineDocument.from_struct(message["pipeline_spec"])), None, True
            except SpecError as error:
                doing = "Failed to fetch a template with an invalid pipeline spec manifest"
                raise refused(error).wrap(doing).concealed(_FETCHING[what]) from None
        if what == RECURRING:
            found = "Internal error: Cannot create a job with an empty pipeline ID"
            raise GatewayError(Code.INTERNAL, found)
        found = "Failed to fetch a template with an empty pipeline spec manifest"
        raise invalid(found).concealed(_FETCHING[what])

    def _referenced(self, pipeline_id: str, version_id: str, what: str) -> PipelineVersion:
        """The version that a request refers to. Raises RequestError."""
        if what == RECURRING and not version_id and pipeline_id not in self._store.pipelines:
            raise (
                not_found("Pipeline", pipeline_id)
                .wrap("Failed to get the latest template as pipeline was not found")
                .wrap("Failed to validate the input parameters on the latest pipeline version")
            )
        try:
            return self._version(pipeline_id, version_id)
        except RequestError as error:
            if error.code is not Code.NOT_FOUND or (what == RECURRING and not version_id):
                raise
            of = f"pipeline version {version_id}" if version_id else f"pipeline {pipeline_id}"
            inner = (
                f"Failed to get a pipeline version with id {version_id}"
                if version_id
                else "Failed to get the latest pipeline version for a pipeline"
            )
            raise (
                error.wrap(inner)
                .wrap(f"Failed to fetch a pipeline version and its manifest from {of}")
                .wrap("Failed to fetch a template due to error retrieving pipeline version")
                .concealed(_FETCHING[what])
            ) from None

    def _version(self, pipeline_id: str, version_id: str) -> PipelineVersion:
        version: PipelineVersion | None
        if version_id:
            version = self._store.versions.get(version_id)
        else:
            versions = self._store.versions.where(pipeline_id=pipeline_id)
            version = versions[-1] if versions else None  # the latest one
        if version is None:
            raise not_found("PipelineVersion", version_id or pipeline_id)
        if pipeline_id and version.pipeline_id != pipeline_id:
            raise invalid(
                f"Pipeline version {version.id} belongs to pipeline {version.pipeline_id} "
                f"(not {pipeline_id})"
            )
        return version
