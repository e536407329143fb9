"""Jobs and CronJobs that a real API server refuses, with its words."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

POD: dict[str, Any] = {
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}
}
JOB: dict[str, Any] = {"template": POD}
CRON: dict[str, Any] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": JOB}}
CONTAINERS = "template.spec.containers: Required value"
RESTARTS = 'template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'


def created(http: httpx.Client, namespace: str, plural: str, spec: Any) -> httpx.Response:
    body = {"metadata": {"name": "nightly"}, **({} if spec is None else {"spec": spec})}
    return http.post(f"/apis/batch/v1/namespaces/{namespace}/{plural}?dryRun=All", json=body)


def changed(spec: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`spec` with another value at a path with dots."""
    made = copy.deepcopy(spec)
    *above, last = path.split(".")
    place = made
    for name in above:
        place = place[name]
    place[last] = value
    return made


@pytest.mark.parametrize(
    ("plural", "spec"),
    [
        ("jobs", JOB),
        ("cronjobs", CRON),
        ("cronjobs", changed(CRON, "schedule", "@daily")),
        ("cronjobs", changed(CRON, "schedule", "CRON_TZ=Asia/Tokyo 0 3 * * *")),
        ("cronjobs", changed(CRON, "concurrencyPolicy", "Forbid")),
    ],
)
def test_taken(http: httpx.Client, namespace: str, plural: str, spec: Any) -> None:
    answer = created(http, namespace, plural, spec)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("plural", "spec", "status", "told"),
    [
        ("jobs", None, 422, [f"spec.{CONTAINERS}", f"spec.{RESTARTS}"]),
        ("jobs", changed(JOB, "template.spec.restartPolicy", "Always"), 422, [f"spec.{RESTARTS}"]),
        (
            "jobs",
            changed(JOB, "template.spec.restartPolicy", "Sometimes"),
            422,
            ['Unsupported value: "Sometimes": supported values: "OnFailure", "Never"'],
        ),
        (
            "cronjobs",
            None,
            422,
            [
                "spec.schedule: Required value",
                f"spec.jobTemplate.spec.{CONTAINERS}",
                f"spec.jobTemplate.spec.{RESTARTS}",
            ],
        ),
        (
            "cronjobs",
            changed(CRON, "schedule", "at night"),
            422,
            ['spec.schedule: Invalid value: "at night": expected exactly 5 fields, found 2'],
        ),
        (
            "cronjobs",
            changed(CRON, "concurrencyPolicy", "Never"),
            422,
            ['"Never": supported values: "Allow", "Forbid", "Replace"'],
        ),
        (
            "cronjobs",
            changed(CRON, "jobTemplate.spec.template", {}),
            422,
            [f"spec.jobTemplate.spec.{CONTAINERS}"],
        ),
        ("cronjobs", 7, 400, ["cannot unmarshal number into Go struct field CronJob.spec"]),
        (
            "cronjobs",
            changed(CRON, "jobTemplate", []),
            400,
            ["cannot unmarshal array into Go struct field CronJobSpec.spec.jobTemplate"],
        ),
        (
            "cronjobs",
            changed(CRON, "suspend", "yes"),
            400,
            ["cannot unmarshal string into Go struct field CronJobSpec.spec.suspend of type bool"],
        ),
    ],
)
def test_refused(
    http: httpx.Client, namespace: str, plural: str, spec: Any, status: int, told: list[str]
) -> None:
    answer = created(http, namespace, plural, spec)
    assert answer.status_code == status, answer.text
    message = answer.json()["message"]
    for words in told:
        assert words in message
