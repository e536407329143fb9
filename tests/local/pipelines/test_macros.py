"""Macros in arguments of runs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_kubeflow.local.pipelines.api.submission import new_run
from pytest_kubeflow.local.pipelines.macros import Macros
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import Run, Submission
from pytest_kubeflow.local.pipelines.workflows import Workflows
from tests.local.pipelines.wellformed import DEFAULTS

EVENING = datetime(2026, 2, 3, 16, 5, 6, 789_000, UTC)
LAYOUTS = {
    "2006-01-02": "2026-02-03",
    "Monday, 2 January 06": "Tuesday, 3 February 26",
    "Mon Jan _2 15:04:05 MST 2006": "Tue Feb  3 16:05:06 UTC 2026",
    "3:4:5 pm 03 PM 1": "4:5:6 pm 04 PM 2",
    "002 __2 _2006": "034  34 _2026",
    "Janet Monkey": "Janet Monkey",
    "2006-01-02T15:04:05Z07:00": "2026-02-03T16:05:06Z",
    "-0700 -07:00:00 Z0700": "+0000 +00:00:00 Z",
    "05.000 05,99 05.001": "06.000 06 06.002",
    "": "",
    "%Y": "%Y",
}
STRFTIME = {
    "%Y-%m-%dT%H:%M:%S": "2026-02-03T16:05:06",
    "%v|%c|%x|%X|%%": " 3-Feb-2026|Tue Feb  3 16:05:06 2026|02/03/26|16:05:06|%",
    "%s": str(int(EVENING.timestamp())),
}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a[[RunUUID]]b[[RunUUID]]", "a17b17"),
        ("[[CurrentTime]]", "20260203160506"),
        *((f"[[CurrentTime.{layout}]]", told) for layout, told in LAYOUTS.items()),
        *((f"{{{{$.currentTime.strftime('{one}')}}}}", told) for one, told in STRFTIME.items()),
        ("[[[CurrentTime]]]", "[[[CurrentTime]]]"),  # the first two brackets count
    ],
)
def test_macros_are_replaced(text: str, expanded: str) -> None:
    assert Macros("17", EVENING).expand({"x": text}) == {"x": expanded}
    if "CurrentTime" in text or "currentTime" in text:
        later = text.replace("CurrentTime", "ScheduledTime").replace("currentT", "scheduledT")
        found = Macros("17", EVENING + timedelta(days=9), EVENING).expand({"x": later})
        assert found == {"x": expanded.replace("Current", "Scheduled")}


@pytest.mark.parametrize(
    "value",
    [
        "[[Index]]", "[[ScheduledTime]]", "[[ScheduledTime.2006]]", "[[currentTime]]", "RunUUID",
        "{{$.scheduledTime.strftime('%Y')}}", "{{$.currentTime.strftime('%Q')}}",
        "{{$.currentTime.strftime('%')}}", "{{$.pipeline_job_name}}", "[[RunUUID\n]]", 5,
        ["[[RunUUID]]"], {"a": "[[RunUUID]]"}, None,
    ],
)  # fmt: skip
def test_what_is_no_macro_stays(value: Any) -> None:
    assert Macros("17", EVENING).expand({"x": value}) == {"x": value}


def parameters(run: Run) -> dict[str, Any]:
    """The arguments in the Workflow that is made of `run`."""
    made: list[Any] = []

    class Cluster:
        async def create(self, _: Any, obj: Any) -> None:
            made.append(obj)

    client: Any = Cluster()
    asyncio.run(Workflows(client).create(run))
    given = {one["name"]: one["value"] for one in made[0]["spec"]["arguments"]["parameters"]}
    found: dict[str, Any] = json.loads(given["runtime-config"])["parameters"]
    return found


def test_workflows_get_them_replaced() -> None:
    arguments = {"needed": "[[RunUUID]]/[[ScheduledTime.2006]]"}
    document = PipelineDocument.from_struct(DEFAULTS)
    wanted = Submission("e", "ns", document, arguments, "default-editor")
    run = new_run(wanted, "r")
    assert parameters(run) == {"needed": f"{run.id}/[[ScheduledTime.2006]]"}
    assert run.arguments == arguments
    assert parameters(replace(run, scheduled_at=EVENING)) == {"needed": f"{run.id}/2026"}
    # Recurring runs: those of a given version get what they are given, as in the real server.
    pinned = new_run(wanted, "r", recurring_run_id="j", scheduled_at=EVENING)
    assert parameters(pinned) == arguments
    latest = new_run(replace(wanted, pipeline_id="p"), "r", recurring_run_id="j")
    assert parameters(latest) == {"needed": f"{latest.id}/[[ScheduledTime.2006]]"}
