"""RecurringRun: a pipeline that KFP starts again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.experiments.schedule import Schedule
from pytest_kubeflow.pipelines.client import calling, pages, tell
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.verification import Submitted
from pytest_kubeflow.waiting import Deadline, wait_until


class RecurringRun:
    """What was scheduled, and the runs that KFP has started of it.

    `submitted` is what its runs have to be; None where each is of the pipeline's latest version,
    with these `arguments`.
    """

    def __init__(
        self,
        access: RunAccess,
        *,
        recurring_run_id: str,
        experiment_id: str,
        name: str,
        schedule: Schedule,
        arguments: Mapping[str, object],
        submitted: Submitted | None,
    ) -> None:
        self._access = access
        self._experiment = experiment_id
        self._arguments = arguments
        self._submitted = submitted
        self._runs: dict[str, PipelineRun] = {}
        self.id = recurring_run_id
        self.name = name
        self.schedule = schedule

    def __repr__(self) -> str:
        return f"RecurringRun({self.name!r}, {self.schedule})"

    @property
    def enabled(self) -> bool:
        """Whether it starts runs now."""
        return str(self._read().status) == "ENABLED"

    def enable(self) -> None:
        """Have it start runs."""
        self._tell("enable", self._access.client.enable_recurring_run)

    def disable(self) -> None:
        """Have it start no more runs; those that go on do."""
        self._tell("disable", self._access.client.disable_recurring_run)

    def views(self) -> list[RunView]:
        """What the API says now of the runs that it has started, in the order they were due."""
        listed = pages(self._access.client.list_runs, "runs", experiment_id=self._experiment)
        views = [view for view in map(RunView.of, listed) if view.recurring_run == self.id]
        return sorted(views, key=lambda view: (view.scheduled or 0.0, view.created or 0.0))

    def runs(self) -> list[PipelineRun]:
        """The runs that it has started, in the order in which they were due."""
        for view in self.views():
            if view.run_id not in self._runs:
                submitted = self._submitted or self._of_version(view)
                self._runs[view.run_id] = PipelineRun(self._access, view, submitted)
        return [*self._runs.values()]

    def wait_for_runs(self, count: int, *, timeout: float | None = None) -> list[PipelineRun]:
        """Wait until it has started so many runs, whatever became of them.

        `timeout` in seconds, --kf-timeout else. Raises WaitTimeout, with what the API tells of it.
        """
        deadline = Deadline.after(self._access.timeout if timeout is None else timeout)

        def state(runs: Sequence[PipelineRun]) -> str:
            return f"{len(runs)} runs, {'enabled' if self.enabled else 'disabled'}"

        return wait_until(
            self.runs,
            lambda runs: len(runs) >= count,
            deadline=self._access.bounded(deadline),
            what=f"recurring run {self.name} ({self.schedule}) to have started {count} runs",
            describe=state,
        )

    def delete(self) -> None:
        """Remove it; one that is gone already is fine. The Workflows of its runs go with it."""
        with contextlib.suppress(NotFound), calling(f"delete recurring run {self.name}"):
            self._access.client.delete_recurring_run(self.id)

    def _of_version(self, view: RunView) -> Submitted | None:
        """What the version of a run is, where the API tells which one that is."""
        if view.version is None:
            return None
        package = self._access.version_package(*view.version)
        return Submitted(package, self._arguments, view.version)

    def _read(self) -> Any:
        with calling(f"read recurring run {self.name}"):
            return self._access.client.get_recurring_run(self.id)

    def _tell(self, what: str, ask: Callable[[str], Any]) -> None:
        what = f"{what} recurring run {self.name}"
        tell(self._access.client, what, lambda: ask(self.id))


def existing(access: RunAccess, recurring_run_id: str) -> RecurringRun:
    """One that is there, by what the API tells of it. Raises NotFound."""
    with calling(f"read recurring run {recurring_run_id}"):
        found = access.client.get_recurring_run(recurring_run_id)
    arguments = (found.runtime_config.parameters if found.runtime_config else None) or {}
    return RecurringRun(
        access,
        recurring_run_id=recurring_run_id,
        experiment_id=str(found.experiment_id),
        name=str(found.display_name),
        schedule=Schedule.of_trigger(found.trigger),
        arguments=arguments,
        submitted=None,
    )
