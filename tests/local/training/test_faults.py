"""Each fault of training, as it looks from outside."""

from __future__ import annotations

from tests.local.training.conftest import Fault, Training, failing, trainer
from tests.local.webapps.conftest import eventually

TELL = "import json, os; print(json.dumps([os.environ['PET_NODE_RANK'], os.environ['PET_NNODES']]))"
RESOLVE = (
    "import json, os, socket\ntry:\n  socket.gethostbyname(os.environ['PET_MASTER_ADDR'])\n"
    "except OSError as error:\n  print(json.dumps(str(error)))\nelse:\n  print('\"found\"')"
)
FAILS = "raise SystemExit(3)"


def test_ranks_are_equal(training: Training, fault: Fault) -> None:
    with fault("training-ranks-equal"):
        name = training.train(TELL, nodes=2)
        training.ended(name)
    assert training.said(name) == [["0", "2"], ["0", "2"]]


def test_each_is_a_world(training: Training, fault: Fault) -> None:
    with fault("training-world-one"):
        name = training.train(TELL, nodes=2)
        training.ended(name)
    assert training.said(name) == [["0", "1"], ["1", "1"]]


def test_there_are_no_names(training: Training, fault: Fault) -> None:
    with fault("training-no-dns"):
        name = training.train(RESOLVE, nodes=2)
        training.ended(name)
    assert training.said(name)[1] != "found"


def test_it_is_complete_though_it_failed(training: Training, fault: Fault) -> None:
    with fault("training-false-complete"):
        jobset = training.create("jobsets", {"replicatedJobs": [failing()]})
        assert training.ended(jobset, "jobsets") == {"Completed": "AllJobsCompleted"}


def test_it_is_stuck(training: Training, fault: Fault) -> None:
    with fault("training-stuck"):
        name = training.train()
        eventually(lambda: bool(training.events(name)))
        ((reason, message),) = training.events(name)
        assert reason == "TrainJobResourcesCreationFailed"
        assert 'failed calling webhook "mjobset.kb.io"' in message
        assert "status" not in training.get("trainjobs", name)
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}


def test_nobody_takes_it_up(training: Training, fault: Fault) -> None:
    with fault("training-ignored"):
        name = training.train()
        other = training.train()
        assert "status" not in training.get("trainjobs", name)
    training.ended(name)
    training.ended(other)


def test_it_runs_though_it_is_suspended(training: Training, fault: Fault) -> None:
    with fault("training-suspend-ignored"):
        name = training.train(suspend=True)
        assert "Complete" in training.ended(name)
        assert training.pods(name)


def test_nothing_is_tried_again(training: Training, fault: Fault) -> None:
    with fault("training-restart-ignored"):
        name = training.train(FAILS)
        assert training.ended(name) == {"Failed": "FailedJobs"}
        assert len(training.pods(name)) == 1


def test_a_proxy_keeps_pods(training: Training, fault: Fault) -> None:
    with fault("training-sidecars-block"):
        name = training.train()

        def kept() -> bool:
            states = [
                {one.name: one.state for one in pod.status.container_statuses or []}
                for pod in training.pods(name)
            ]
            return bool(states) and all(
                each.get("node") is not None
                and each["node"].terminated is not None
                and each["istio-proxy"].running is not None
                for each in states
            )

        eventually(kept)
        assert training.conditions("trainjobs", name) == {}
        metadata = {"labels": {"sidecar.istio.io/inject": "false"}}
        job = {"name": "node", "template": {"spec": {"template": {"metadata": metadata}}}}
        patch = {"template": {"spec": {"replicatedJobs": [job]}}}
        other = training.train(
            runtimePatches=[{"manager": "example.com/me", "trainingRuntimeSpec": patch}]
        )
        assert "Complete" in training.ended(other)
        training.delete("trainjobs", name)


def test_strangers_get_in(training: Training, fault: Fault) -> None:
    attributes = {
        "namespace": training.namespace,
        "verb": "create",
        "group": "trainer.kubeflow.org",
        "resource": "trainjobs",
    }
    spec = {
        "user": "other@example.com",
        "groups": ["system:authenticated"],
        "resourceAttributes": attributes,
    }

    def allowed() -> bool:
        found: bool = training.rights.create_subject_access_review({"spec": spec}).status.allowed
        return found

    assert not allowed()
    with fault("training-open"):
        eventually(allowed)
    eventually(lambda: not allowed())


def test_patches_are_ignored(training: Training, fault: Fault) -> None:
    """Pods have a proxy all the same, which ends with them."""
    job = {"template": {"metadata": {"labels": {"sidecar.istio.io/inject": "false"}}}}
    replicated = [{"name": "node", "template": {"spec": job}}]
    template = {"template": {"spec": {"replicatedJobs": replicated}}}
    patch = {"manager": "test.io/me", "trainingRuntimeSpec": template}
    with fault("training-patches-ignored"):
        name = training.train(runtimePatches=[patch])
        assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    (pod,) = training.pods(name)
    assert [one.name for one in pod.spec.init_containers] == ["istio-proxy"]
    assert "sidecar.istio.io/inject" not in pod.metadata.labels


def test_nothing_is_checked(training: Training, fault: Fault) -> None:
    env = [{"name": "PET_NNODES", "value": "3"}]
    with fault("training-unchecked"):
        name = training.train(trainer=trainer(env=env), suspend=True)
    training.delete("trainjobs", name)
