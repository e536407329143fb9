"""Many runs at once: each with its own result, none lost, within bounds, gone afterwards."""

import pytest

from pytest_kubeflow import KubeflowConfig, Load

pytestmark = pytest.mark.kf_load


def test_the_cluster_withstands_it(load: Load) -> None:
    """All runs were submitted: no node came under pressure, and no API refused too much."""
    assert not load.stopped, f"the load was ended early: {load.stopped}"
    assert load.summary.submitted == len(load.runs)


def test_each_run_succeeds_with_its_own_result(load: Load) -> None:
    """Each of the runs that are executed at once succeeds and returns its own number."""
    assert not (failed := load.failures()), "; ".join(failed)
    for one in load.runs:
        output = one.outputs()["Output"]
        found = f"run {one.name} was to double {one.number}, and returned {output}"
        assert output == 2 * one.number, found


def test_no_run_is_lost_or_there_twice(load: Load) -> None:
    """Each run that was accepted is listed once, and has one Workflow."""
    lost = load.lost()
    assert not lost, f"accepted, and not listed: {', '.join(lost)}"
    assert not (doubled := load.doubled()), "; ".join(doubled)


def test_what_runs_waited_for_is_known(load: Load) -> None:
    """Times from submission to the first pod, its node and its start are known and in order."""
    for one in load.runs:
        disorder = one.moments.disorder
        assert not disorder, f"run {one.name}: {disorder}"
    found = {one.name: one for one in load.summary.figures}
    for name in ("pipelines API: create a run", "pipelines API: read", "Kubernetes API: read"):
        assert found[name].p50 > 0, f"{name}: {found[name]}"
    assert found["pipelines API: create a run"].count >= len(load.runs)
    assert found["run: submission to first pod"].count == len(load.runs)


def test_nothing_of_it_is_left(load: Load, kf_config: KubeflowConfig) -> None:
    """Runs, Workflows and pods of the load are gone after their removal."""
    # Last of all: the others look at what is removed here.
    load.remove()
    there = load.remaining(kf_config.session.timeout)
    assert not there, f"still there after its removal: {', '.join(there)}"
