"""Recurring runs start when they are due, and only then.

Each test takes a few periods of a schedule (--kf-recurring-period), which is a minute on a cluster
and two seconds on the embedded one: there time is shortened.
"""

import secrets
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    PipelineExperimentCreator,
    PipelineRun,
    PipelineUploader,
    RecurringRun,
    Schedule,
    wait_until,
)

from .conftest import Scheduled, Witness
from .pipelines import saying, saying_twice

pytestmark = pytest.mark.kf_slow

MINUTE = 60


def end_with(runs: Sequence[PipelineRun], text: str) -> None:
    """Wait until these have ended, each with what it was given."""
    for run in runs:
        run.wait()
        assert run.outputs["Output"] == text, f"run {run.name} was started with other arguments"


def test_an_interval_starts_one_run_at_a_time_until_its_end(
    by_interval: Scheduled, period: int
) -> None:
    """An interval starts runs one at a time, each when it is due, until it is disabled."""
    recurring = by_interval.recurring
    recurring.wait_for_runs(2)
    recurring.disable()
    end_with(recurring.runs(), by_interval.text)

    views = recurring.views()
    due = sorted(view.scheduled or 0.0 for view in views)
    gaps = [later - earlier for earlier, later in pairwise(due)]
    message = f"{recurring.name} starts runs every {period} s, and was due again after {gaps} s"
    assert all(gap >= period for gap in gaps), message
    times = sorted((view.created or 0.0, view.ended or 0.0) for view in views)
    message = f"{recurring.name} may have one run at a time, and has had several at once: {times}"
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(times)), message


def test_a_cron_expression_is_due_when_it_says_and_not_while_disabled(
    pipeline_experiment: PipelineExperimentCreator, witness: Witness, period: int
) -> None:
    """A cron schedule starts runs when due, and none while it is disabled."""
    text = secrets.token_hex(8)
    seconds = f"*/{period}" if period < MINUTE else "0"
    recurring = pipeline_experiment("kf-cron").schedule(
        saying, Schedule(cron=f"{seconds} * * * * *"), arguments={"text": text}, catch_up=False
    )
    end_with(recurring.wait_for_runs(2), text)

    recurring.disable()
    disabled = time.time()
    assert not recurring.enabled
    witness.periods(2)
    started = [view for view in recurring.views() if (view.created or 0.0) > disabled + 1]
    assert not started, f"{recurring.name} is disabled, and has started {len(started)} runs"

    before = len(recurring.views())
    recurring.enable()
    assert recurring.enabled
    runs = recurring.wait_for_runs(before + 1)
    end_with(runs[before:], text)
    for view in recurring.views():
        message = f"{recurring.name} ({recurring.schedule}) was due at {view.scheduled}"
        assert view.scheduled is not None, message
        assert view.scheduled % period == 0, message


def test_missed_starts_are_made_up_for(caught_up: Scheduled, witness: Witness, period: int) -> None:
    """With catch-up, a schedule makes the runs that it has missed, and none after its end."""
    recurring = caught_up.recurring
    start, end = recurring.schedule.start, recurring.schedule.end
    assert start is not None
    assert end is not None
    end_with(recurring.wait_for_runs(3), caught_up.text)
    witness.periods(1, since=end.timestamp())
    due = sorted(view.scheduled or 0.0 for view in recurring.views())
    message = f"{recurring.name} ends at {end.timestamp()}, and was due after that, too: {due}"
    assert due[-1] <= end.timestamp(), message
    first = int(start.timestamp())
    wanted = [first + count * period for count in (1, 2, 3)]
    assert due == pytest.approx(wanted, abs=1.0), f"{recurring.name} has missed {wanted}"


def test_of_missed_starts_the_last_one_alone_is_made_up_for(
    not_caught_up: Scheduled, witness: Witness
) -> None:
    """Without catch-up, a schedule makes only the last run that it has missed."""
    recurring = not_caught_up.recurring
    end_with(recurring.wait_for_runs(1), not_caught_up.text)
    witness.periods(1)
    views = recurring.views()
    message = f"{recurring.name} is not to catch up, and has made up for {len(views)} starts"
    assert len(views) == 1, message


def test_a_schedule_follows_the_latest_version_or_stays_with_one(
    pipeline_experiment: PipelineExperimentCreator,
    upload_pipeline: PipelineUploader,
    period: int,
    kf_config: KubeflowConfig,
) -> None:
    """A schedule runs the latest version of its pipeline, or the one it names."""
    text = secrets.token_hex(8)
    uploaded = upload_pipeline(saying)
    (first,) = uploaded.versions()
    experiment = pipeline_experiment("kf-versions")
    every, given = Schedule(interval=period), {"text": text}
    latest = experiment.schedule(uploaded, every, arguments=given, catch_up=False)
    fixed = experiment.schedule(first, every, arguments=given, catch_up=False)
    for recurring in (latest, fixed):
        recurring.wait_for_runs(1)

    second = uploaded.add_version(saying_twice)
    moment = time.time()

    def later(recurring: RecurringRun) -> list[str]:
        """The versions of runs that were started since."""
        return [
            view.version[1]
            for view in recurring.views()
            if view.version and (view.created or 0.0) > moment + 1
        ]

    for recurring in (latest, fixed):
        wait_until(
            lambda recurring=recurring: later(recurring),  # type: ignore[misc]
            bool,
            deadline=Deadline.after(2 * period + kf_config.session.timeout),
            what=f"{recurring.name} to go on",
        )
    names = {first.version_id: "the first version", second.version_id: "the second version"}
    ran = [names.get(one, one) for one in later(latest)]
    assert set(ran) == {"the second version"}, f"{latest.name} follows the latest, and runs {ran}"
    ran = [names.get(view.version[1], "") for view in fixed.views() if view.version]
    assert set(ran) == {"the first version"}, f"{fixed.name} stays with the first, and runs {ran}"
    for recurring in (latest, fixed):
        recurring.disable()
        end_with(recurring.runs(), text)
