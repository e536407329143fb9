"""Experiments and recurring runs on an embedded cluster."""

from __future__ import annotations

from typing import Any

import pytest

PIPELINES = """
from kfp import dsl

@dsl.component
def say(text: str) -> str:
    return text
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder for tests that run on an embedded cluster."""
    pytester.makepyfile(pipelines=PIPELINES)
    return pytester


def outcome(pytester: pytest.Pytester, *options: str) -> Any:
    return pytester.runpytest_subprocess("--kf-host=local", "-p", "no:cacheprovider", *options)


def test_a_whole_life(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_life="""
        from datetime import datetime, timedelta, timezone
        import pytest
        from pipelines import say
        from pytest_kubeflow import KubeflowError, PipelineExperiment, RecurringRun, Schedule

        def test_life(
            pipeline_experiment, run_pipeline, upload_pipeline, kfp_client, kf_namespace
        ):
            experiment = pipeline_experiment("mine")
            assert isinstance(experiment, PipelineExperiment)
            assert experiment.name.startswith("mine-")
            late = datetime.now(timezone.utc) + timedelta(days=1)
            waiting = experiment.schedule(
                say, Schedule(interval=1, start=late), arguments={"text": "a"}, enabled=False
            )
            assert isinstance(waiting, RecurringRun)
            assert not waiting.enabled and waiting.runs() == []
            uploaded = upload_pipeline(say)
            every = experiment.schedule(uploaded, Schedule(interval=1), arguments={"text": "b"})
            first, second = every.wait_for_runs(2)[:2]
            for run in (first, second):
                run.wait()
                assert run.outputs["Output"] == "b"
            every.disable()
            own = run_pipeline(say, arguments={"text": "c"}, experiment=experiment)
            assert {own.run_id, first.run_id, second.run_id} <= {
                one.run_id for one in experiment.runs()
            }
            with pytest.raises(KubeflowError, match="Workflow must be Failed/Error to retry"):
                own.retry()
            with pytest.raises(KubeflowError, match="Max concurrency of a recurring run"):
                experiment.schedule(
                    say, Schedule(interval=1), arguments={"text": "a"}, max_concurrency=11
                )
            with pytest.raises(KubeflowError, match="cron is not a supported format"):
                experiment.schedule(
                    say, Schedule(cron="61 * * * * *"), arguments={"text": "a"}
                )
            with pytest.raises(KubeflowError, match="'text'"):
                experiment.schedule(say, Schedule(interval=1))
            clone = run_pipeline.clone(own)
            assert clone.wait().outputs["Output"] == "c"
            of_version = run_pipeline(uploaded.versions()[0], arguments={"text": "d"})
            assert run_pipeline.clone(of_version).wait().outputs["Output"] == "d"
            number, schedules = experiment.id, {waiting.id, every.id}
            experiment.delete()
            left = kfp_client.list_recurring_runs(
                page_size=100, namespace=kf_namespace
            ).recurring_runs or ()
            assert not schedules & {one.recurring_run_id for one in left}
            with pytest.raises(Exception, match="404|not found"):
                kfp_client.get_experiment(number)
        """
    )
    outcome(suite).assert_outcomes(passed=1)


def test_nothing_is_left_of_a_session_that_was_not_torn_down(suite: pytest.Pytester) -> None:
    """Its experiment is reaped by a later one, with the schedule in it first."""
    suite.makepyfile(
        test_left="""
        from pipelines import say
        from pytest_kubeflow import Schedule
        from pytest_kubeflow.pipelines.experiment import labels_in, leftovers, remove_experiment

        def test_left(pipeline_experiment, kfp_client, kf_namespace):
            experiment = pipeline_experiment("left")
            made = experiment.schedule(say, Schedule(interval=1), arguments={"text": "a"})
            made.wait_for_runs(1)
            recorded = kfp_client.get_recurring_run(made.id)
            assert labels_in(recorded.description)
            found = leftovers(kfp_client, kf_namespace)
            assert experiment.name in [one.name for one in found]
            remove_experiment(kfp_client, experiment.id, kf_namespace)
            assert experiment.name not in [
                one.name for one in leftovers(kfp_client, kf_namespace)
            ]
            left = kfp_client.list_recurring_runs(
                page_size=100, namespace=kf_namespace
            ).recurring_runs or ()
            assert made.id not in {one.recurring_run_id for one in left}
        """
    )
    outcome(suite).assert_outcomes(passed=1)


def test_what_is_slow_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kf_slow
        def test_slow(kf_config):
            assert kf_config.recurring_period in {2, 5}
        """
    )
    elsewhere = pytester.runpytest_subprocess("-rs", "-p", "no:cacheprovider")
    elsewhere.assert_outcomes(skipped=1)
    elsewhere.stdout.fnmatch_lines(["*it waits for minutes: --kf-slow runs it*"])
    asked = pytester.runpytest_subprocess("--kf-slow", "--kf-recurring-period=5s")
    asked.assert_outcomes(passed=1)
    refused = pytester.runpytest_subprocess("--kf-recurring-period=7s")
    refused.stderr.fnmatch_lines(["*a whole number of seconds that divides a minute*"])
    outcome(pytester).assert_outcomes(passed=1)
