"""Against the embedded Katib: a whole life, and what never ends or is refused, in one line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied, WaitTimeout
from pytest_kubeflow.k8s.objects.manifest import read_manifest
from pytest_kubeflow.k8s.sessions.leftovers import OwnObjects
from pytest_kubeflow.katib.creator import ExperimentCreator
from pytest_kubeflow.katib.errors import ExperimentFailed
from pytest_kubeflow.katib.experiment import KatibAccess, KatibExperiment
from pytest_kubeflow.katib.search_space import DoubleParameter, IntParameter
from pytest_kubeflow.katib.spec import KIND, ExperimentSpec
from pytest_kubeflow.reporting.records.experiments import ExperimentRecord
from pytest_kubeflow.waiting import Deadline, wait_until

from .conftest import IMAGE, NAMESPACE

LABELLED = {"katib.kubeflow.org/metrics-collector-injection": "enabled"}
RANDOM_EXAMPLE = Path(__file__).parent / "random_example.yaml"
SPACE = {"x": DoubleParameter(0, 1)}


def square(x: float) -> dict[str, float]:
    return {"y": x * x}


def failure(made: KatibExperiment) -> str:
    """Why it will not end, or has failed: one line, with evidence under it."""
    with pytest.raises(ExperimentFailed) as failed:
        made.wait()
    assert "\n" not in failed.value.message
    assert failed.value.message.startswith(f"Experiment {made.namespace}/{made.name} ")
    assert failed.value.evidence is not None
    return failed.value.message


def test_a_whole_life(creator: ExperimentCreator, cluster: Cluster) -> None:
    made = creator(
        space=SPACE, trial=square, metric="y", direction="minimize", parallel=2, trials=4
    )
    kept = OwnObjects(cluster.kubernetes).inside(NAMESPACE)
    assert ("experiment", made.name) in {(one.kind, one.name) for one in kept}
    with pytest.raises(ExperimentFailed, match="already: left as it is"):
        creator(name=made.name, space=SPACE, trial=square, metric="y")
    assert made.wait().state.reason == "ExperimentMaxTrialsReached"
    values = {one.name: one.values["x"] ** 2 for one in made.trials}
    assert len(values) == 4
    for found in (made.observations(), made.database()):
        assert found == {name: {"y": pytest.approx(one)} for name, one in values.items()}
    for trial in made.trials:
        assert made.logged(trial) == {"y": [pytest.approx(values[trial.name])]}
        assert [row[0] for row in made.reported(trial)] == ["y"]
    best = made.optimal
    assert best is not None
    assert best.name == min(values, key=lambda name: values[name])
    record = ExperimentRecord.of(made, str)
    assert (record.state, record.best, record.is_over) == ("Succeeded", best.name, True)
    assert {one.name: one.metrics["y"] for one in record.trials} == {
        name: pytest.approx(one) for name, one in values.items()
    }
    assert made.watch.most == 2
    told = made.evidence().render()
    assert "Succeeded True (ExperimentMaxTrialsReached: " in told
    creator.close()
    assert made.remains() == []
    with pytest.raises(NotFound):
        _ = made.state
    made.delete()  # is gone already


def test_what_is_not_ours_is_left_alone(creator: ExperimentCreator, cluster: Cluster) -> None:
    spec = ExperimentSpec(SPACE, square, "y", IMAGE, parallel=1, trials=1, max_failed=1)
    custom = cluster.kubernetes.custom
    place = ("kubeflow.org", "v1beta1", NAMESPACE, "experiments")
    custom.create_namespaced_custom_object(*place, spec.manifest("theirs", NAMESPACE, {}))
    ours = creator(space=SPACE, trial=square, metric="y", parallel=1, trials=1, max_failed=1)
    theirs = KatibExperiment(KatibAccess(cluster, NAMESPACE, 60), "theirs", ours.watch)
    with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
        theirs.delete()
    with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
        theirs.edit(maxTrialCount=2)
    custom.delete_namespaced_custom_object(*place, "theirs")


def test_the_example_of_old_tutorials(hasty: ExperimentCreator) -> None:
    """Word for word; its image is not there any more."""
    made = hasty(RANDOM_EXAMPLE)
    found = failure(made)
    assert "will not end: trial " in found
    assert "the image 'docker.io/kubeflowkatib/mxnet-mnist:v1beta1-45c5727' is not pulled" in found
    assert "(the image of the trial's template)" in found
    trials = made.trials
    assert [one.outside for one in trials] == ["", "", ""]
    suggested = made.workload.suggestion()
    assert suggested is not None
    assert suggested["status"]["suggestionCount"] == 3


def test_a_namespace_without_the_label(creator: ExperimentCreator, namespace: str) -> None:
    """Katib 0.19 refuses it; the releases before let its trials run for ever."""
    with pytest.raises(ExperimentFailed) as refused:
        creator(namespace=namespace, space=SPACE, trial=square, metric="y")
    assert refused.value.message.endswith(
        'the namespace lacks label "katib.kubeflow.org/metrics-collector-injection: enabled"'
    )


@pytest.mark.parametrize("namespace", [LABELLED], indirect=True)
def test_a_quota_without_room(hasty: ExperimentCreator, cluster: Cluster, namespace: str) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    cluster.kubernetes.core.create_namespaced_resource_quota(namespace, quota)
    made = hasty(namespace=namespace, space=SPACE, trial=square, metric="y")
    found = failure(made)
    assert "its suggestion service: ReplicaSet " in found
    assert "exceeded quota: none" in found


def test_an_image_that_is_unknown(hasty: ExperimentCreator) -> None:
    made = hasty(space=SPACE, trial=["true", "${trialParameters.x}"], metric="y", image="no/such:1")
    assert "the image 'no/such:1' is not pulled: " in failure(made)


def test_a_timeout_says_what_was_in_the_way(creator: ExperimentCreator) -> None:
    """Before the time limit for images is over."""
    made = creator(
        space=SPACE, trial=["true", "${trialParameters.x}"], metric="y", image="no/such:1"
    )
    eventually_pulling(made)
    with pytest.raises(WaitTimeout) as ended:
        made.wait(timeout=0.5)
    message = ended.value.message
    assert "\n" not in message
    assert f"waiting for Experiment {made.namespace}/{made.name} to end; last state: " in message
    assert "; trial " in message
    assert ": the image 'no/such:1' is not pulled: " in message


def eventually_pulling(made: KatibExperiment) -> None:
    """Wait until the kubelet says of a pod that its image is not to be had."""
    wait_until(
        lambda: [
            status.state.waiting.reason
            for trial in made.trials
            for pod in made.workload.pods(trial)
            for status in pod.status.container_statuses or ()
            if status.state.waiting
        ],
        lambda found: bool({"ErrImagePull", "ImagePullBackOff"} & {*found}),
        deadline=Deadline.after(60),
        what="a pod to say that its image is not pulled",
    )


def test_settings_that_the_algorithm_refuses(creator: ExperimentCreator) -> None:
    grid = {"n": IntParameter(1, 2)}
    made = creator(
        space=grid, trial=["true", "${trialParameters.n}"], metric="y", algorithm="grid", trials=3
    )
    found = failure(made)
    assert (
        "its Suggestion has failed: Validation failed: ValidateAlgorithmSettings Error: " in found
    )
    assert "Max Trial Count: 3 > all possible search combinations: 2" in found


def refused(creator: ExperimentCreator, change: Callable[[dict[str, Any]], None]) -> str:
    """What is said of the example with this change: one line."""
    manifest = read_manifest(RANDOM_EXAMPLE, KIND)
    change(manifest["spec"])
    with pytest.raises(KubeflowError) as failed:
        creator(manifest)
    assert not creator.experiments
    assert "\n" not in failed.value.message
    return failed.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda spec: spec.update(parallelTrialCount=13), "less than or equal to spec.maxTrialC"),
        (lambda spec: spec.update(maxFailedTrialCount=13), "less than or equal to spec.maxTrial"),
        (lambda spec: spec.update(maxTrialCount=0), "must be greater than 0"),
        (lambda spec: spec["algorithm"].update(algorithmName="oracle"), "algorithm oracle"),
        (lambda spec: spec.pop("objective"), "spec.objective: Required value: must be specified"),
        (
            lambda spec: spec["trialTemplate"]["trialParameters"].pop(),
            "${trialParameters.optimizer}] in spec.trialTemplate not found in spec.trialParameters",
        ),
        (
            lambda spec: spec["trialTemplate"]["trialParameters"][0].update(name="rate"),
            "parameter name: rate in spec.trialParameters not found in spec.trialTemplate",
        ),
        (
            lambda spec: spec["trialTemplate"]["trialParameters"][0].update(reference="rate"),
            "parameter reference rate does not exist in spec.parameters",
        ),
        (
            lambda spec: spec["trialTemplate"]["trialParameters"][0].update(reference="optimizer"),
            "parameter reference optimizer can't be duplicated",
        ),
        (
            lambda spec: spec["parameters"][0].update(feasibleSpace={"min": "0"}),
            "feasibleSpace.max or feasibleSpace.min must be specified for parameterType: double",
        ),
        (
            lambda spec: spec["parameters"][0]["feasibleSpace"].update(min=0.01),
            "cannot unmarshal number into Go struct field FeasibleSpace.spec.parameters.feasibleSp",
        ),
    ],
)
def test_manifests_that_katib_refuses(
    creator: ExperimentCreator, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    assert words in refused(creator, change)
