"""Jobs that fail, that wait, and that lose a node."""

import pytest

from pytest_kubeflow import TrainingJob, TrainingNode

from .conftest import NODES
from .test_all_reduce import sums

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


def test_a_node_that_fails_makes_it_fail(failing: TrainingJob) -> None:
    """A node that fails makes the TrainJob fail, with its exit code and log."""
    state = failing.wait(ended="Failed").state
    ending = state.ending
    assert ending is not None
    assert ending.reason == "FailedJobs", state.describe()
    assert state.replicas["node"].failed == 1, state.describe()
    bad = failing.node("node-1")
    assert (bad.phase, bad.exit_code) == ("Failed", 3), bad.describe()
    log = failing.logs("node-1")
    assert "rank 1 gives up" in log, f"its log does not say why it failed: {log!r}"


def test_suspended_it_has_no_pods_and_resumed_it_runs(suspended: TrainingJob, seed: int) -> None:
    """A suspended TrainJob has no pods, and runs once it is resumed."""
    state = suspended.wait_suspended().state
    message = state.describe()
    assert state.replicas["node"].suspended == 1, message
    pods = [pod.metadata.name for pod in suspended.workload.pods()]
    assert not pods, f"{suspended} is suspended, and has the pods {pods}: {message}"
    state = suspended.resume().wait().state
    resumed = state.condition("Suspended")
    assert resumed is not None, state.describe()
    assert (resumed.is_true, resumed.reason) == (False, "Resumed"), state.describe()
    for name, one in suspended.results().items():
        assert one["sum"] == sums(seed), f"{name} of {suspended} has {one['sum']}"


def test_a_node_that_dies_is_made_again(
    outliving: TrainingJob, bereaved: TrainingNode, seed: int
) -> None:
    """A node whose pod is deleted is made again, and the TrainJob completes.

    A pod of its Job that is taken away counts as a failure, of which a Job takes several.
    """
    first = bereaved
    outliving.wait()
    second = outliving.node("node-1")
    assert second.pod.metadata.uid != first.pod.metadata.uid, second.describe()
    assert second.host == first.host, f"{first.host} has come back as {second.host}"
    found = outliving.results()
    assert found["node-0"]["seen"] == [first.pod_name, second.pod_name], found
    for name, one in found.items():
        assert one["sum"] == sums(seed), f"{name} of {outliving} has {one['sum']}"


def test_a_job_that_failed_is_tried_again(retried: TrainingJob, seed: int) -> None:
    """A TrainJob that failed is run again, as often as its runtime says.

    All nodes of it, as often as the runtime says.
    """
    state = retried.wait().state
    found = retried.results()
    assert {name: one["attempt"] for name, one in found.items()} == {
        f"node-{rank}": 1 for rank in range(NODES)
    }, state.describe()
    for name, one in found.items():
        assert one["sum"] == sums(seed), f"{name} of {retried} has {one['sum']}"
