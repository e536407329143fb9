"""The loop that starts the runs of recurring runs, without a cluster."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.pipelines.recurring import RecurringRuns
from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import PipelineStore, RecurringRun, Run, Submission
from tests.local.pipelines.wellformed import DEFAULTS


class Submissions:
    """Submissions that fail for one experiment; `done` is set by the first run of another."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def latest(self, submission: Submission) -> tuple[Submission, str]:
        if submission.experiment_id == "bad":
            raise KeyError("what nobody thought of")
        return submission, ""

    async def submit(self, run: Run) -> Run:
        self.done.set()
        return run


class Workflows:
    def on_change(self, _: Any) -> None:
        pass


def test_what_goes_wrong_with_one_does_not_stop_the_others(caplog: Any) -> None:
    async def work() -> None:
        store, submissions = PipelineStore(), Submissions()
        workflows: Any = Workflows()
        fake: Any = submissions
        loop = asyncio.create_task(RecurringRuns(store, fake, workflows, Faults()).run())
        document = PipelineDocument.from_struct(DEFAULTS)
        for experiment in ("bad", "good"):
            wanted = Submission(experiment, "ns", document, {}, "default-editor")
            schedule = Schedule(cron="* * * * * *")
            store.recurring_runs.save(RecurringRun(experiment, wanted, schedule, experiment))
        async with asyncio.timeout(20):
            await submissions.done.wait()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    asyncio.run(work())
    assert "what nobody thought of" in caplog.text
