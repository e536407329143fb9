"""Against the embedded Trainer: a whole life, and what is refused or never ends, in one line."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied, WaitTimeout
from pytest_kubeflow.training.creator import JobCreator
from pytest_kubeflow.training.errors import TrainingFailed
from pytest_kubeflow.training.job import TrainingJob
from pytest_kubeflow.training.kinds import TRAIN_JOB
from pytest_kubeflow.training.podfields import PodFields
from pytest_kubeflow.training.runtime import cluster_runtime
from pytest_kubeflow.training.runtime_maker import RuntimeMaker
from suites.training import programs, ring

from .conftest import IMAGE, NAMESPACE

GROUP = ("trainer.kubeflow.org", "v1alpha1", NAMESPACE, "trainjobs")


def sleeps() -> None:
    """Longer than anybody waits; a signal ends it, as it does each program that is sent."""
    import time

    time.sleep(600)


def manifest(**spec: Any) -> dict[str, Any]:
    """A TrainJob that is over at once."""
    trainer = {"image": IMAGE, "command": ["true"]}
    runtime = {"name": "torch-distributed"}
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "spec": {"runtimeRef": runtime, "trainer": trainer, **spec},
    }


def refused(creator: JobCreator, work: Any, **options: Any) -> str:
    """Why it is not made: one line."""
    with pytest.raises(KubeflowError) as failed:
        creator(work, **options)
    assert "\n" not in failed.value.message
    return failed.value.message


def reduce(creator: JobCreator, **options: Any) -> TrainingJob:
    """An all-reduce of two nodes."""
    return creator(
        programs.all_reduce,
        nodes=2,
        image=IMAGE,
        arguments={"token": "t", "seed": 0},
        helpers=(ring,),
        **options,
    )


def test_a_whole_life(creator: JobCreator) -> None:
    made = reduce(creator, suspend=True)
    with pytest.raises(
        TrainingFailed, match="will not end: it is suspended, until somebody resume"
    ):
        made.wait()
    made.wait_suspended().resume().wait()
    found = made.results()
    assert [one["rank"] for one in found.values()] == [0, 1]
    assert made.logs(1) == made.logs("node-1")
    assert made.logs(1) != made.logs(0)
    node = made.node("node-1")
    assert (node.phase, node.exit_code, node.sidecars) == ("Succeeded", 0, [])
    assert node.pod.metadata.labels["sidecar.istio.io/inject"] == "false"
    with pytest.raises(NotFound, match="has no node 2 with a pod; it has node-0, node-1"):
        made.node(2)
    with pytest.raises(TrainingFailed, match="already: left as it is; take another name, or none"):
        creator(["true"], name=made.name)
    made.delete()
    assert made.remains() == []
    made.delete()


def test_a_name_of_ours_is_not_given_twice(creator: JobCreator) -> None:
    """Within one second too, in which both have the same labels."""
    made = creator(["true"], image=IMAGE, suspend=True)
    found = refused(creator, ["false"], image=IMAGE, name=made.name)
    assert found.endswith("already: left as it is; take another name, or none")
    made.delete()
    assert creator(["true"], image=IMAGE, name=made.name).name == made.name


def test_pods_are_changed_as_the_release_knows(
    creator: JobCreator, older_creator: JobCreator
) -> None:
    for make, wanted, other in (
        (creator, PodFields.RUNTIME_PATCHES, PodFields.POD_TEMPLATE_OVERRIDES),
        (older_creator, PodFields.POD_TEMPLATE_OVERRIDES, PodFields.RUNTIME_PATCHES),
    ):
        made = make(["true"], image=IMAGE).wait()
        assert make.pod_fields is wanted
        assert wanted.value in made.state.spec
        labels = made.node().pod.metadata.labels
        assert labels["sidecar.istio.io/inject"] == "false"
        change = other.labelled(["node"], {"a": "b"})
        found = refused(make, manifest(**change))
        assert "has fields that this cluster does not know, and would leave out without a" in found
        assert f"spec.{other.value}: Trainer 2." in found
    found = refused(older_creator, ["true"], image=IMAGE, deadline=60)
    assert "spec.activeDeadlineSeconds: Trainer 2.2 and later have it" in found


@pytest.mark.parametrize(
    ("work", "options", "message"),
    [
        (["true"], {"runtime": "absent"}, "absent"),
        (["true"], {"nodes": 0}, "nodes=0: a job has one node at least"),
        (
            ["true"],
            {"env": {"PET_NNODES": "3"}},
            "must not have reserved envs, invalid envs config",
        ),
        (manifest(runtimeRef={"name": "x", "kind": "Deployment"}), {}, "unsupported runtime"),
        (manifest(trainer={"numNodes": "two"}), {}, "numNodes"),
        ("kind: Job\napiVersion: batch/v1", {}, "is a Job of batch/v1, and no TrainJob of trainer"),
        (manifest(), {"nodes": 2}, "nodes: for a function or a command; a manifest has its own"),
        (["true"], {"kind": "TFJob"}, "kind='TFJob' is none; valid: TrainJob"),
        (["true"], {"name": "x" * 60}, "is no name for a TrainJob"),
        (["true"], {"namespace": "No Such"}, "'No Such' is no name of a namespace"),
        (["true"], {"nodes": 10**10}, "cannot unmarshal number"),
    ],
)
def test_what_is_refused(
    creator: JobCreator, work: Any, options: dict[str, Any], message: str
) -> None:
    assert message in refused(creator, work, **options)


def test_a_namespace_that_is_not_there(creator: JobCreator) -> None:
    """It is not told as a kind of another operator."""
    found = refused(creator, ["true"], namespace="nosuch")
    assert found.endswith('Kubernetes answers 404: namespaces "nosuch" not found')


def test_an_operator_that_is_not_there(operator_creator: JobCreator) -> None:
    found = refused(operator_creator, ["true"])
    assert found.endswith("this cluster serves no pytorchjobs.kubeflow.org")


def test_programs_that_are_not_there(hasty: JobCreator) -> None:
    with pytest.raises(TrainingFailed, match=r"ended 2 times with exit code 128 \(.*\bnosuch\b"):
        hasty(["nosuch"], image="busybox:1").wait()
    with pytest.raises(TrainingFailed, match=r"the image 'example\.org/none:1' is not pulled"):
        hasty(["true"], image="example.org/none:1").wait()


def test_a_program_that_fails_again_and_again(creator: JobCreator) -> None:
    """Runtimes have it started again; who waits is told after the second time."""
    made = creator(programs.gives_up, nodes=2, image=IMAGE, arguments={"code": 3})
    with pytest.raises(TrainingFailed) as failed:
        made.wait()
    assert "the program of node-1" in failed.value.message
    assert "times with exit code 3; it said: rank 1 gives up" in failed.value.message
    assert made.logs(1, previous=True) == "rank 1 gives up\n"
    headings = [heading for heading, _ in failed.value.evidence.sections]  # type: ignore[union-attr]
    assert headings[:3] == ["conditions", "nodes", "log of node-1"]


def test_a_runtime_of_our_own(creator: JobCreator, cluster: Cluster) -> None:
    maker = RuntimeMaker(creator._access)
    made = maker(backoff_limit=0)
    job = creator(
        programs.gives_up,
        nodes=2,
        image=IMAGE,
        arguments={"code": 3},
        runtime=made.name,
        runtime_kind=made.kind,
    )
    with pytest.raises(TrainingFailed) as failed:
        job.wait()
    assert "is Failed, Complete expected: FailedJobs: " in failed.value.message
    assert "ended with exit code 3; it said: rank 1 gives up" in failed.value.message
    job.delete()
    maker.close()
    torch = cluster_runtime(cluster.kubernetes, "torch-distributed")
    assert (torch.restart_policy, torch.backoff_limit, torch.restarts) == ("OnFailure", 6, 0)
    with pytest.raises(NotFound, match="there is no ClusterTrainingRuntime absent; there are "):
        maker("absent")


def test_time_runs_out(creator: JobCreator) -> None:
    made = creator(sleeps, image=IMAGE)
    with pytest.raises(WaitTimeout, match=r"timed out after 1 s waiting for TrainJob \S+ to end"):
        made.wait(timeout=1)
    ends = threading.Timer(0.5, made.delete, kwargs={"wait": False})
    ends.start()
    with pytest.raises(TrainingFailed, match=r"was deleted while it was waited for|being deleted"):
        made.wait()
    ends.join()


def test_what_is_not_ours_is_left_alone(creator: JobCreator, cluster: Cluster) -> None:
    custom = cluster.kubernetes.custom
    body = manifest(suspend=True) | {"metadata": {"name": "of-somebody"}}
    custom.create_namespaced_custom_object(*GROUP, body)
    try:
        theirs = TrainingJob(creator._access, TRAIN_JOB, "of-somebody")
        for ask in (theirs.delete, theirs.resume, theirs.suspend):
            with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left"):
                ask()
    finally:
        custom.delete_namespaced_custom_object(*GROUP, "of-somebody")
