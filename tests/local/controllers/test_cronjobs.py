"""CronJobs: when they are due, and the Jobs that they make.

That all fields and events are those of a kube-controller-manager: tests/real/test_workloads.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.controllers.cronjob.history import outdated
from pytest_kubeflow.local.controllers.cronjob.schedule import (
    MOST_MISSED,
    Schedule,
    ScheduleError,
)
from tests.local.controllers.conftest import Eventually
from tests.local.controllers.test_jobs import batch_of, job

NOW = datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)


def schedule(
    text: str, *, since: datetime, zone: str = "", deadline: int | None = None
) -> Schedule:
    spec: dict[str, Any] = {"schedule": text, "startingDeadlineSeconds": deadline}
    spec |= {"timeZone": zone} if zone else {}
    return Schedule.of({"spec": spec, "status": {"lastScheduleTime": since.isoformat()}})


@pytest.mark.parametrize(
    ("text", "more", "due", "missed"),
    [
        ("0 12 * * *", {}, "2026-07-01T12:00:00+00:00", 1),
        ("0 13 * * *", {}, None, 0),
        ("*/30 * * * *", {}, "2026-07-01T12:00:00+00:00", 3),
        ("@hourly", {}, "2026-07-01T12:00:00+00:00", 2),
        ("0 21 * * *", {"zone": "Asia/Tokyo"}, "2026-07-01T21:00:00+09:00", 1),
        ("CRON_TZ=Asia/Tokyo 0 21 * * *", {}, "2026-07-01T21:00:00+09:00", 1),
        ("0 12 * * *", {"deadline": 20}, None, 0),
        ("0 12 * * *", {"deadline": 40}, "2026-07-01T12:00:00+00:00", 1),
        ("0 0 30 2 *", {}, None, 0),
    ],
)
def test_what_is_due(text: str, more: dict[str, Any], due: str | None, missed: int) -> None:
    found = schedule(text, since=NOW - timedelta(hours=1, minutes=10), **more).due(NOW)
    assert found == (None if due is None else datetime.fromisoformat(due), missed)


def test_after_a_long_pause_the_last_time_counts() -> None:
    due, missed = schedule("* * * * *", since=NOW - timedelta(days=9)).due(NOW)
    assert due == NOW.replace(second=0)
    assert missed > MOST_MISSED


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 40 * 24 * 3600))
def test_the_time_that_is_due_lies_behind_and_the_next_ahead(
    minute: int, hour: int, ago: int
) -> None:
    one = schedule(f"{minute} {hour} * * *", since=NOW - timedelta(seconds=ago))
    due, missed = one.due(NOW)
    later = one.next(NOW)
    assert later is not None
    assert NOW < later <= NOW + timedelta(days=1)
    assert (due is None) is (missed == 0)
    if due is not None:
        assert one.since < due <= NOW
        assert later - due == timedelta(days=1)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"schedule": "0 0 * * *", "timeZone": "Mars/Base"}, "UnknownTimeZone"),
        ({"schedule": "61 0 * * *"}, "UnparseableSchedule"),
    ],
)
def test_no_times(spec: dict[str, Any], reason: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule.of({"spec": spec, "metadata": {"creationTimestamp": NOW.isoformat()}})
    assert caught.value.reason == reason


def test_the_oldest_of_each_kind_go() -> None:
    def ended(name: str, kind: str, began: int) -> dict[str, Any]:
        status = {"startTime": f"2026-07-01T00:00:0{began}Z"}
        conditions = [{"type": kind, "status": "True"}] if kind else []
        return {"metadata": {"name": name}, "status": {**status, "conditions": conditions}}

    jobs = [
        *(ended("c", "Complete", 3), ended("a", "Complete", 1), ended("b", "Complete", 2)),
        *(ended("x", "Failed", 1), ended("y", "Failed", 2), ended("runs", "", 0)),
    ]
    spec = {"successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1}
    names = [one["metadata"]["name"] for one in outdated({"spec": spec}, jobs)]
    assert names == ["a", "b", "x"]
    assert [*outdated({"spec": {}}, jobs)] == []


def test_a_job_is_made_and_followed(core: Any, namespace: str, eventually: Eventually) -> None:
    batch = batch_of(core)
    body = {
        "metadata": {"name": "nightly"},
        "spec": {
            "schedule": "0 0 1 1 *",
            "suspend": True,
            "jobTemplate": {"spec": job("x")["spec"]},
        },
    }
    batch.create_namespaced_cron_job(namespace, body)
    status = {"status": {"lastScheduleTime": "2020-06-01T00:00:00Z"}}
    batch.patch_namespaced_cron_job_status("nightly", namespace, status)
    batch.patch_namespaced_cron_job("nightly", namespace, {"spec": {"suspend": False}})
    (made,) = eventually(lambda: batch.list_namespaced_job(namespace).items)
    begun = datetime(datetime.now(UTC).year, 1, 1, tzinfo=UTC)
    assert made.metadata.name == f"nightly-{int(begun.timestamp()) // 60}"
    assert made.metadata.owner_references[0].name == "nightly"

    def seen() -> Any:
        return batch.read_namespaced_cron_job_status("nightly", namespace).status

    eventually(lambda: seen().active)
    assert seen().last_schedule_time == begun
    batch.delete_namespaced_job(made.metadata.name, namespace, propagation_policy="Background")
    eventually(lambda: not seen().active)
    assert not batch.list_namespaced_job(namespace).items  # made once, and missed no more
    batch.delete_namespaced_cron_job("nightly", namespace)
