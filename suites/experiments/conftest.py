"""What the tests of experiments share: schedules that go on while other tests run."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    PipelineExperimentCreator,
    RecurringRun,
    Schedule,
    begin,
    wait_until,
)

from .pipelines import saying, saying_late

BEGUN = ("by_interval", "caught_up", "not_caught_up")
"""The schedules in the order in which they begin."""


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest, kf_config: KubeflowConfig) -> None:
    """Begin those that the selected tests need, and that are not skipped."""
    if kf_config.runs_slow:
        begin(request, BEGUN)


@pytest.fixture(scope="session")
def period(kf_config: KubeflowConfig) -> int:
    """The seconds between two starts that are due."""
    return kf_config.recurring_period


@dataclass(frozen=True)
class Scheduled:
    """A recurring run, and what it was given."""

    recurring: RecurringRun
    text: str


@pytest.fixture(scope="session")
def by_interval(shared_pipeline_experiment: PipelineExperimentCreator, period: int) -> Scheduled:
    """Runs that take longer than an interval, one at a time.

    Longer by seconds: their times are given in whole ones.
    """
    text = secrets.token_hex(8)
    recurring = shared_pipeline_experiment("kf-interval").schedule(
        saying_late,
        Schedule(interval=period),
        arguments={"text": text, "seconds": 1.2 * period + 2},
        max_concurrency=1,
        catch_up=False,
    )
    return Scheduled(recurring, text)


def _missed(
    creator: PipelineExperimentCreator, period: int, name: str, *, catch_up: bool
) -> Scheduled:
    """A schedule of three starts, all of which are past, and of an end before the fourth."""
    text = secrets.token_hex(8)
    now = datetime.now(UTC)
    start, end = now - timedelta(seconds=3.5 * period), now + timedelta(seconds=0.25 * period)
    recurring = creator(name).schedule(
        saying,
        Schedule(interval=period, start=start, end=end),
        arguments={"text": text},
        max_concurrency=3,
        catch_up=catch_up,
    )
    return Scheduled(recurring, text)


@pytest.fixture(scope="session")
def caught_up(shared_pipeline_experiment: PipelineExperimentCreator, period: int) -> Scheduled:
    """Three starts that are past, all of which are to be made up for."""
    return _missed(shared_pipeline_experiment, period, "kf-caught-up", catch_up=True)


@pytest.fixture(scope="session")
def not_caught_up(shared_pipeline_experiment: PipelineExperimentCreator, period: int) -> Scheduled:
    """The same, and only the last one is to be made up for."""
    return _missed(shared_pipeline_experiment, period, "kf-not-caught-up", catch_up=False)


class Witness:
    """A schedule that goes on: it shows that time has passed, and that what is due is started."""

    def __init__(self, recurring: RecurringRun, period: int, longest: float) -> None:
        self._recurring = recurring
        self._period = period
        self._longest = longest

    def periods(self, count: int, *, since: float | None = None) -> None:
        """Wait until it was due so many periods after `since` (seconds since 1970; now)."""
        moment = (time.time() if since is None else since) + count * self._period
        wait_until(
            self._recurring.views,
            lambda views: any((view.scheduled or 0.0) >= moment for view in views),
            deadline=Deadline.after(max(moment - time.time(), 0.0) + self._longest),
            what=f"{self._recurring.name} ({self._recurring.schedule}) to start a run that is due "
            f"after {count} periods",
            describe=lambda views: f"{len(views)} runs",
        )


@pytest.fixture
def witness(
    pipeline_experiment: PipelineExperimentCreator, period: int, kf_config: KubeflowConfig
) -> Witness:
    """Begun with the test, and gone with it."""
    recurring = pipeline_experiment("kf-witness").schedule(
        saying,
        Schedule(interval=period),
        arguments={"text": "there"},
        max_concurrency=10,
        catch_up=False,
    )
    return Witness(recurring, period, kf_config.session.timeout)
