"""Records as the JSON of the API: snake_case names, fields without a value left out.

Source: backend/src/apiserver/server/api_converter.go. Times have whole seconds, as in the real
server's database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.settings import STANDALONE_NAMESPACE
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Run,
    StateChange,
    Submission,
    Task,
)

Json = Any
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(moment: datetime | None) -> str:
    """RFC 3339; what has not happened is the epoch, as the real server says it.

    Years have four digits: Go's clients send year 1 for a moment that they do not set.
    """
    moment = moment or EPOCH
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def set_fields(**fields: Json) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value not in (None, "", 0, [], {})}


def experiment(record: Experiment) -> Json:
    return set_fields(
        experiment_id=record.id,
        display_name=record.name,
        description=record.description,
        created_at=timestamp(record.created_at),
        namespace=record.namespace,
        storage_state=record.storage_state,
        last_run_created_at=timestamp(record.last_run_created_at),
    )


def pipeline(record: Pipeline) -> Json:
    return set_fields(
        pipeline_id=record.id,
        display_name=record.display_name or record.name,
        name=record.name,
        description=record.description,
        created_at=timestamp(record.created_at),
        namespace=record.namespace,
        tags=record.tags,
    )


def pipeline_version(record: PipelineVersion) -> Json:
    return set_fields(
        pipeline_id=record.pipeline_id,
        pipeline_version_id=record.id,
        display_name=record.display_name or record.name,
        name=record.name,
        description=record.description,
        created_at=timestamp(record.created_at),
        package_url=set_fields(pipeline_url=record.package_url),
        code_source_url=record.code_source_url,
        pipeline_spec=record.document.to_struct(),
        tags=record.tags,
    )


def run(record: Run) -> Json:
    source: Json = {"pipeline_spec": record.document.to_struct()}
    if record.pipeline_version_id:
        source = {
            "pipeline_version_reference": {
                "pipeline_id": record.pipeline_id,
                "pipeline_version_id": record.pipeline_version_id,
            }
        }
    details = set_fields(
        pipeline_context_id=str(record.pipeline_context_id or ""),
        pipeline_run_context_id=str(record.run_context_id or ""),
        task_details=[_task(record, one) for one in record.tasks],
    )
    return set_fields(
        experiment_id=record.experiment_id,
        run_id=record.id,
        display_name=record.display_name,
        storage_state=record.storage_state,
        description=record.description,
        runtime_config=set_fields(parameters=record.arguments, pipeline_root=record.pipeline_root),
        service_account=record.service_account,
        created_at=timestamp(record.created_at),
        scheduled_at=timestamp(record.scheduled_at),
        finished_at=timestamp(record.finished_at),
        state=record.state,
        run_details=details,
        state_history=[_change(one) for one in record.history],
        recurring_run_id=record.recurring_run_id,
        **source,
    )


def recurring_run(record: RecurringRun) -> Json:
    wanted = record.submission
    source: Json = {"pipeline_spec": wanted.document.to_struct()}
    if wanted.pipeline_id:
        source = {
            "pipeline_version_reference": set_fields(
                pipeline_id=wanted.pipeline_id, pipeline_version_id=wanted.version_id
            )
        }
    return set_fields(
        recurring_run_id=record.id,
        display_name=record.display_name,
        description=wanted.description,
        runtime_config=set_fields(parameters=wanted.arguments, pipeline_root=wanted.pipeline_root),
        # One that follows the latest version gets its account with each run.
        service_account="" if _follows(wanted) else wanted.service_account,
        max_concurrency=str(record.max_concurrency),
        mode="ENABLE" if record.enabled else "DISABLE",
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        status="ENABLED" if record.enabled else "DISABLED",
        no_catchup=record.no_catchup,
        # Of its object in Kubernetes, stand-alone too.
        namespace=record.namespace or STANDALONE_NAMESPACE,
        experiment_id=record.experiment_id,
        **source,
    ) | {"trigger": trigger(record.schedule)}


def _follows(wanted: Submission) -> bool:
    """Whether it is the latest version that runs, with an account that nobody has named."""
    return bool(wanted.pipeline_id and not wanted.version_id and not wanted.names_account)


def trigger(schedule: Schedule) -> Json:
    if not schedule.cron and not schedule.interval:
        return {}
    times = {
        name: timestamp(moment)
        for name, moment in (("start_time", schedule.start), ("end_time", schedule.end))
        if moment is not None
    }
    if schedule.cron:
        return {"cron_schedule": times | {"cron": schedule.cron}}
    return {"periodic_schedule": times | {"interval_second": str(schedule.interval)}}


def _task(record: Run, task: Task) -> Json:
    return set_fields(
        run_id=record.id,
        task_id=task.id,
        display_name=task.name,
        create_time=timestamp(task.created_at),
        start_time=timestamp(task.started_at),
        end_time=timestamp(task.finished_at),
        state=task.state,
        state_history=[_change(one) for one in task.history],
        # The ids of nodes, whatever they are: the real server tells no names of pods, no errors
        # and no parents.
        child_tasks=[{"pod_name": one} for one in task.children],
    )


def _change(change: StateChange) -> Json:
    return set_fields(update_time=timestamp(change.time), state=change.state)


# What a request may carry: the fields of each message, those that only the server sets included.
EXPERIMENT_FIELDS = (
    "experiment_id", "display_name", "description", "created_at", "namespace", "storage_state",
    "last_run_created_at",
)  # fmt: skip
PIPELINE_FIELDS = (
    "pipeline_id", "display_name", "name", "description", "created_at", "namespace", "error",
    "tags",
)  # fmt: skip
PIPELINE_VERSION_FIELDS = (
    "pipeline_id", "pipeline_version_id", "display_name", "name", "description", "created_at",
    "package_url", "code_source_url", "pipeline_spec", "error", "tags",
)  # fmt: skip
RUN_FIELDS = (
    "experiment_id", "run_id", "display_name", "storage_state", "description",
    "pipeline_version_id", "pipeline_spec", "pipeline_version_reference", "runtime_config",
    "service_account", "created_at", "scheduled_at", "finished_at", "state", "error",
    "run_details", "recurring_run_id", "state_history", "plugins_input",
)  # fmt: skip
RECURRING_RUN_FIELDS = (
    "recurring_run_id", "display_name", "description", "pipeline_version_id", "pipeline_spec",
    "pipeline_version_reference", "runtime_config", "service_account", "max_concurrency",
    "trigger", "mode", "created_at", "updated_at", "status", "error", "no_catchup", "namespace",
    "experiment_id", "plugins_input",
)  # fmt: skip
