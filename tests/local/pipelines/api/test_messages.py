"""Records as the API shows them."""

from __future__ import annotations

import pytest

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import RecurringRun, Submission


@pytest.mark.parametrize(("namespace", "shown"), [("team", "team"), ("", "kubeflow")])
def test_a_recurring_run_is_in_the_namespace_of_its_object(namespace: str, shown: str) -> None:
    wanted = Submission("experiment", namespace, PipelineDocument({}), {}, "account")
    record = RecurringRun("r", wanted, Schedule(interval=60), "r-abcde")
    assert messages.recurring_run(record)["namespace"] == shown
