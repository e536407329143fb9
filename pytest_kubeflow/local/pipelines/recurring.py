"""RecurringRuns: starts runs of recurring runs when they are due.

Stands in for the ScheduledWorkflow controller (backend/src/crd/controller/scheduledworkflow). It
sleeps until the next one is due, or something changes.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from pytest_kubeflow.local.argonames import fnv
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Informer
from pytest_kubeflow.local.pipelines.api.errors import RequestError
from pytest_kubeflow.local.pipelines.api.submission import Submissions, new_run
from pytest_kubeflow.local.pipelines.store import (
    FINAL_STATES,
    PipelineStore,
    RecurringRun,
    Submission,
    now,
)

log = logging.getLogger(__name__)

_AFTER_ERROR = timedelta(seconds=10)


class RecurringRuns:
    """Follows the recurring runs of `store`; `workflows` tells when a run may have ended."""

    def __init__(
        self, store: PipelineStore, submissions: Submissions, workflows: Informer, faults: Faults
    ) -> None:
        self._store = store
        self._submissions = submissions
        self._faults = faults
        self._first: dict[str, tuple[Submission, str]] = {}
        self._changed = asyncio.Event()
        faults.on_change(self._changed.set)
        workflows.on_change(lambda *_: self._changed.set())
        store.recurring_runs.watchers.append(lambda *_: self._changed.set())

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._changed.clear()
            due = [await self._guarded(one) for one in list(self._store.recurring_runs)]
            times = [one for one in due if one is not None]
            seconds = (min(times) - now()).total_seconds() if times else None
            try:
                async with asyncio.timeout(None if seconds is None else max(seconds, 0)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _guarded(self, record_id: str) -> datetime | None:
        """`_look`; what goes wrong with one recurring run is no matter of the others."""
        try:
            return await self._look(record_id)
        except Exception:
            log.exception("recurring run %s", record_id)
            return now() + _AFTER_ERROR

    async def _look(self, record_id: str) -> datetime | None:
        """Start what is due; when to look again (None: when something changes)."""
        record = self._store.recurring_runs.get(record_id)
        if record is None or self._faults.active("schedule-lost"):
            return None
        if not record.enabled and not self._faults.active("schedule-not-disabled"):
            return None
        moment, schedule, catch_up = now(), record.schedule, not record.no_catchup
        if self._faults.active("schedule-endless"):
            schedule = replace(schedule, end=None)
        if self._faults.active("catch-up-swapped"):
            catch_up = not catch_up
        due = schedule.next(record.last_triggered, record.created_at, moment, catch_up=catch_up)
        if due is None or due > moment:
            return due
        mine = self._store.runs.where(recurring_run_id=record.id)
        most = record.max_concurrency + 10 * self._faults.active("schedule-overlaps")
        if sum(one.state not in FINAL_STATES for one in mine) >= most:
            return None
        await self._start(record, due)
        return moment

    async def _start(self, record: RecurringRun, due: datetime) -> None:
        index = record.index + 1
        try:
            wanted, version = self._wanted(record)
            run = new_run(
                wanted,
                _run_name(record.workflow, index),
                recurring_run_id=record.id,
                scheduled_at=due,
                version_id=version,
            )
            await self._submissions.submit(run)
            if record.id not in self._store.recurring_runs:  # its runs' Workflows are its own
                await self._submissions.withdraw(run)
        except RequestError as error:
            log.warning("recurring run %s: %s", record.display_name, error.external)
        # Submitting let others in: it may be disabled, or gone.
        if (kept := self._store.recurring_runs.get(record.id)) is not None:
            done = replace(kept, index=index, last_triggered=due)
            self._store.recurring_runs.save(done)

    def _wanted(self, record: RecurringRun) -> tuple[Submission, str]:
        """What is to be run, and the id of its version."""
        newest = self._submissions.latest(record.submission)
        if self._faults.active("latest-version-ignored"):
            return self._first.setdefault(record.id, newest)
        return newest


def _run_name(stem: str, index: int) -> str:
    """As the controller names them: with a number, and a hash (FNV-1a) of it all."""
    name = f"{stem}-{index}"
    return f"{name}-{fnv(name)}"
