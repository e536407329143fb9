"""Which Jobs of a CronJob that have ended are kept: the last few of each kind.

Rules: kubernetes/kubernetes pkg/controller/cronjob/cronjob_controllerv2.go (cleanupFinishedJobs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_kubeflow.local.controllers.job.conditions import COMPLETE, finished
from pytest_kubeflow.local.kube.client import Object


def outdated(cron_job: Object, jobs: Iterable[Object]) -> Iterator[Object]:
    """Those beyond `successfulJobsHistoryLimit` and `failedJobsHistoryLimit`, oldest first."""
    ended: dict[bool, list[Object]] = {True: [], False: []}
    for job in jobs:
        if (condition := finished(job)) is not None:
            ended[condition["type"] == COMPLETE].append(job)
    spec = cron_job["spec"]
    limits = {
        True: spec.get("successfulJobsHistoryLimit"),
        False: spec.get("failedJobsHistoryLimit"),
    }
    for succeeded, found in ended.items():
        if (limit := limits[succeeded]) is not None:
            found.sort(key=_began)
            yield from found[: max(len(found) - limit, 0)]


def _began(job: Object) -> tuple[str, str]:
    began = (job.get("status") or {}).get("startTime") or job["metadata"]["creationTimestamp"]
    return str(began), str(job["metadata"]["name"])
