"""RecurringRunService. Source: backend/src/apiserver/server/job_server.go, api_converter.go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.cron import CronError
from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.context import Context, find, text_field
from pytest_kubeflow.local.pipelines.api.errors import RequestError, invalid, not_found
from pytest_kubeflow.local.pipelines.api.fields import (
    MODES,
    PROPAGATION,
    bool_field,
    enum_field,
    integer_field,
    message_field,
    one_of,
    read_resource,
    time_field,
)
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.api.submission import Submissions
from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.store import RecurringRun, now
from pytest_kubeflow.local.pipelines.workflows import Workflows, schedule_name

Json = Any
_PATH = "/apis/v2beta1/recurringruns"
FIELDS: Mapping[str, str] = {
    "id": "id",
    "recurring_run_id": "id",
    "name": "display_name",
    "display_name": "display_name",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "description": "submission.description",
}
_KINDS = ("cron_schedule", "periodic_schedule")


class RecurringRunService:
    """Recurring runs: recorded here, started by `RecurringRuns`."""

    def __init__(self, context: Context, workflows: Workflows, submissions: Submissions) -> None:
        self._context = context
        self._store = context.store
        self._workflows = workflows
        self._submissions = submissions

    def routes(self) -> list[Route]:
        one = f"{_PATH}/{{recurring_run_id}}"
        return [
            Route(_PATH, self.create, methods=["POST"]),
            Route(_PATH, self.list, methods=["GET"]),
            Route(f"{one}:enable", self.enable, methods=["POST"]),
            Route(f"{one}:disable", self.disable, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        try:
            message = await read_resource(request, messages.RECURRING_RUN_FIELDS)
            name = text_field(message, "display_name")
            if not name:
                raise invalid("Recurring run's name cannot be empty").concealed(
                    "Failed to convert a API recurring run to its internal representation"
                )
            concurrency = integer_field(message, "max_concurrency")
            if not 1 <= concurrency <= 10:
                raise invalid(
                    "Max concurrency of a recurring run must be at least 1 and at most 10. "
                    f"Received {concurrency}"
                )
            schedule = _schedule(message_field(message, "trigger", _KINDS))
        except RequestError as error:
            raise error.wrap("Failed to create a recurring run due to conversion error") from None
        try:
            wanted = await self._submissions.read(request, message, "recurring run")
            await self._authorize(request, "create", wanted.namespace)
        except RequestError as error:
            raise error.wrap("Failed to create a recurring run") from None
        record = RecurringRun(
            name,
            wanted,
            schedule,
            schedule_name(name),
            max_concurrency=concurrency,
            no_catchup=bool_field(message, "no_catchup"),
            enabled=enum_field(message, "mode", MODES) == "ENABLE",
        )
        return JSONResponse(messages.recurring_run(self._store.recurring_runs.save(record)))

    async def get(self, request: Request) -> Response:
        record = await self._find(request, "get", "Failed to fetch a recurring run")
        return JSONResponse(messages.recurring_run(record))

    async def list(self, request: Request) -> Response:
        query = Query(request)
        namespace = self._context.api_namespace(query.text("namespace"))
        records = list(self._store.recurring_runs.values())
        try:
            if experiment_id := query.text("experiment_id"):
                experiment = self._store.experiments.get(experiment_id)
                if experiment is None:
                    raise not_found("Experiment", experiment_id)
                namespace = experiment.namespace
                records = [one for one in records if one.experiment_id == experiment_id]
            await self._authorize(request, "list", namespace)
            records = [one for one in records if one.namespace == namespace]
            page = list_page(request, records, FIELDS, "Job", faults=self._context.faults)
        except RequestError as error:
            raise error.wrap("Failed to list recurring runs") from None
        shown = [messages.recurring_run(one) for one in page.records]
        return JSONResponse(({"recurringRuns": shown} if shown else {}) | page.fields())

    async def enable(self, request: Request) -> Response:
        return await self._switch(request, enabled=True)

    async def disable(self, request: Request) -> Response:
        return await self._switch(request, enabled=False)

    async def delete(self, request: Request) -> Response:
        """Remove it, and the Workflows of its runs, which it owns in Kubernetes, or orphan them."""
        doing = "Failed to delete a recurring run"
        try:
            asked = Query(request).text("propagation_policy") or None
            number = int(asked) if asked and re.fullmatch("[0-9]", asked) else asked
            policy = enum_field({"propagation_policy": number}, "propagation_policy", PROPAGATION)
        except RequestError as error:
            raise error.wrap(doing) from None
        record = await self._find(request, "delete", doing)
        del self._store.recurring_runs[record.id]
        if policy != "ORPHAN":
            for run in self._store.runs.where(recurring_run_id=record.id):
                await self._workflows.delete(run)
        return JSONResponse({})

    async def _switch(self, request: Request, *, enabled: bool) -> Response:
        verb = "enable" if enabled else "disable"
        record = await self._find(request, verb, f"Failed to {verb} a recurring run")
        self._store.recurring_runs.save(replace(record, enabled=enabled, updated_at=now()))
        return JSONResponse({})

    async def _find(self, request: Request, verb: str, doing: str) -> RecurringRun:
        return await find(
            self._store.recurring_runs,
            request.path_params["recurring_run_id"],
            "Job",
            lambda one: self._authorize(request, verb, one.namespace),
            doing,
        )

    async def _authorize(self, request: Request, verb: str, namespace: str) -> None:
        if self._context.multi_user and not namespace:
            raise invalid("Recurring run cannot have an empty namespace in multi-user mode")
        try:
            await self._context.access.require(request, verb, "jobs", namespace)
        except RequestError as error:
            raise error.wrap("Failed to authorize the request") from None


def _schedule(trigger: dict[str, Json]) -> Schedule:
    """The schedule of a Trigger message. Raises RequestError."""
    kind = one_of(trigger, _KINDS, "trigger")
    if not kind:
        return Schedule()
    value = "cron" if kind == "cron_schedule" else "interval_second"
    message = message_field(trigger, kind, (value, "start_time", "end_time"))
    start, end = time_field(message, "start_time"), time_field(message, "end_time")
    if kind == "periodic_schedule":
        interval = integer_field(message, value)
        if interval < 1:
            raise invalid(
                f"Found invalid period schedule interval {interval}. Set at interval to "
                "least 1 second"
            )
        return Schedule(interval=interval, start=start, end=end)
    schedule = Schedule(cron=text_field(message, value), start=start, end=end)
    try:
        if not schedule.cron:
            raise CronError("empty spec string")
        schedule.check()
    except CronError as error:
        raise invalid(
            "Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). "
            f"Error: {error}"
        ) from None
    return schedule
