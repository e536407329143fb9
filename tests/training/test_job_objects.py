"""What objects, pods and runtimes say, and what is sent: without a cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.training.access import TrainingAccess
from pytest_kubeflow.training.creator import JobCreator, not_served
from pytest_kubeflow.training.job import TrainingJob
from pytest_kubeflow.training.kinds import MPI_JOB, PYTORCH_JOB, TF_JOB, TRAIN_JOB
from pytest_kubeflow.training.node import nodes_of
from pytest_kubeflow.training.podfields import PodFields
from pytest_kubeflow.training.program import function_program, python_command, result_in
from pytest_kubeflow.training.runtime import TrainingRuntime, stricter
from pytest_kubeflow.training.spec import JobSpec
from pytest_kubeflow.training.state import TrainingState

from . import objects
from .objects import condition, ended, pod, pytorch_job, running, status, train_job

LABELS = {"a": "b"}


def works(greeting: str = "hello") -> dict[str, str]:
    """$(HOSTNAME) stays as it is."""
    return {"said": greeting, "dollar": "$(HOSTNAME)"}


def silent() -> None:
    """It returns nothing."""


@pytest.mark.parametrize(
    ("job", "phase", "message"),
    [
        (train_job(status=False), "", "no status"),
        (train_job(), "", "no condition"),
        (train_job(active=1, ready=0), "", "no condition; node: 1 active"),
        (
            train_job(condition("Suspended", "Suspended", "it is"), suspended=1),
            "Suspended",
            "Suspended (Suspended: it is); node: 1 suspended",
        ),
        (
            train_job(
                condition("Suspended", "Resumed", holds=False),
                condition("Complete", "AllJobsCompleted", "jobset completed"),
                succeeded=1,
            ),
            "Complete",
            "Complete (AllJobsCompleted: jobset completed); node: 1 succeeded",
        ),
        (
            pytorch_job(
                condition("Created", "PyTorchJobCreated"),
                condition("Running", "PyTorchJobRunning", holds=False),
                condition("Succeeded", "PyTorchJobSucceeded", "done"),
                Master={"succeeded": 1},
                Worker={"active": 1},
            ),
            "Succeeded",
            "Succeeded (PyTorchJobSucceeded: done); Master: 1 succeeded; Worker: 1 active",
        ),
        (
            pytorch_job(condition("Created"), condition("Running"), Master={}),
            "Running",
            "Running; Master: none yet",
        ),
        (
            pytorch_job(condition("Running"), condition("Failed", "PyTorchJobFailed")),
            "Failed",
            "Failed (PyTorchJobFailed)",
        ),
    ],
)
def test_states(job: Any, phase: str, message: str) -> None:
    state = TrainingState(job)
    assert (state.phase, state.describe()) == (phase, message)
    assert state.is_over == (phase in {"Complete", "Succeeded", "Failed"})
    assert (state.ending is not None) == state.is_over


def test_suspension_is_where_the_kind_has_it() -> None:
    assert TrainingState(train_job(spec={"suspend": True})).wants_suspension
    assert TrainingState(pytorch_job(spec={"runPolicy": {"suspend": True}})).wants_suspension
    assert not TrainingState(pytorch_job()).wants_suspension


def test_nodes_are_in_the_order_of_their_ranks() -> None:
    pods = [pod(10), pod(2), pod(0)]
    assert [one.name for one in nodes_of(TRAIN_JOB, pods)] == ["node-0", "node-2", "node-10"]
    operator = [
        pod(1, kind=PYTORCH_JOB, role="worker"),
        pod(0, kind=PYTORCH_JOB, role="worker"),
        pod(0, kind=PYTORCH_JOB, role="master"),
    ]
    names = [one.name for one in nodes_of(PYTORCH_JOB, operator)]
    assert names == ["master-0", "worker-0", "worker-1"]


def test_a_node_has_its_youngest_pod() -> None:
    failed = pod(0, status("node", ended(3)), phase="Failed", name="b-old")
    made = pod(0, status("node", running()), made=11, name="a-new")
    (node,) = nodes_of(TRAIN_JOB, [made, failed])
    assert (node.pod_name, node.exit_code, node.is_bad) == ("a-new", None, False)
    same_second = pod(0, status("node", running()), name="a-new")
    (node,) = nodes_of(TRAIN_JOB, [same_second, failed])
    assert node.pod_name == "a-new"


def test_what_a_node_tells() -> None:
    both = pod(
        1,
        status("istio-proxy", running()),
        status("node", running(), last=ended(3), restarts=1),
        sidecars=("istio-proxy",),
    )
    (node,) = nodes_of(TRAIN_JOB, [both])
    assert (node.container, node.sidecars, node.host) == ("node", ["istio-proxy"], "mine-node-0-1")
    assert (node.restarts, node.exit_code, node.has_begun) == (1, 3, True)
    assert "; 1 restarts" in node.describe()
    index = pod(0)
    index.metadata.labels.pop(TRAIN_JOB.index_label)
    index.metadata.annotations[TRAIN_JOB.index_label] = "7"  # before Kubernetes 1.28
    assert nodes_of(TRAIN_JOB, [index])[0].index == 7


def test_a_function_is_what_it_was(tmp_path: Path) -> None:
    command = python_command(function_program(works, {"greeting": 'it\'s "so"\n'}))
    done = subprocess.run(
        # As Kubernetes hands it on.
        [sys.executable, *(one.replace("$$(", "$(") for one in command[1:])],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert result_in(done.stdout) == {"said": 'it\'s "so"\n', "dollar": "$(HOSTNAME)"}
    assert python_command("x", torchrun=True)[:3] == ["torchrun", "--no-python", "python3"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JobSpec(lambda: None).command(), "give a function that begins with def"),
        (lambda: JobSpec(silent, arguments={"x": 1}).command(), "silent() -> 'None' cannot be cal"),
        (lambda: JobSpec(works, arguments={"greeting": {1}}).command(), "cannot be sent as JSON"),
        (
            lambda: JobSpec(works, arguments={"greeting": "x" * 200_000}).command(),
            "bytes, and a command takes 131071: give its data by a volume or an object store",
        ),
        (lambda: JobSpec([]).command(), "a command is a list of words"),
        (lambda: JobSpec(["true"], arguments={"x": 1}).command(), "are for a function; a command"),
        (
            lambda: JobSpec(["true"], requests={"memory": "1Gi"}, limits={"memory": "64Mi"}),
            "requests memory=1Gi, which is more than its limit of 64Mi",
        ),
        (lambda: JobSpec(["true"], nodes=0), "nodes=0: a job has one node at least"),
        (lambda: JobSpec(["true"], nodes=2.5), "nodes=2.5 is no whole number but a float"),  # type: ignore[arg-type]
        (lambda: JobSpec(["true"], nodes="2"), "nodes='2' is no whole number but a str"),  # type: ignore[arg-type]
        (lambda: JobSpec(["true"], nodes=True), "nodes=True is no whole number"),
        (lambda: JobSpec(["true"], processes=0), "processes=0: so many are there"),
        (lambda: JobSpec(["true"], deadline=-1), "deadline=-1: it is in seconds"),
        (lambda: JobSpec(["true"], env={"A": 1}), "env has A=1, a int: a variable is a text"),
        (lambda: JobSpec(["true"], env=[("A", "b")]), "env is a dictionary"),  # type: ignore[arg-type]
        (lambda: JobSpec(works, arguments=[1]), "arguments is a dictionary"),  # type: ignore[arg-type]
        (lambda: JobSpec(works, arguments={1: 2}), "arguments has 1 as a name"),  # type: ignore[dict-item]
        (lambda: JobSpec(["true"], limits={"cpu": "lots"}), "limits of a node, cpu: 'lots' is no"),
        (lambda: JobSpec(["true"], limits={"cpu": 1}), "cpu: 1 is a int; write '1'"),  # type: ignore[dict-item]
        (lambda: JobSpec(works, packages="numpy"), "packages is a list, not 'numpy'"),
        (lambda: JobSpec(works, helpers=silent), "helpers is a list, not <function silent"),  # type: ignore[arg-type]
        (lambda: JobSpec(["x"], torchrun=True).command(), "a command begins with it"),
        (lambda: TRAIN_JOB.check_name("Mine"), "'Mine' is no name for a TrainJob; valid: lower"),
        (lambda: TRAIN_JOB.check_name(5), "5 is no name for a TrainJob"),  # type: ignore[arg-type]
        (lambda: TRAIN_JOB.check_name("m" * 52), "51 characters at most, since its pods' host"),
    ],
)
def test_what_can_never_work(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make()
    assert message in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"runtime": "mine"}, "runtime='mine' is for TrainJobs: a PyTorchJob knows no runtimes"),
        ({"runtime_kind": "TrainingRuntime"}, "runtime_kind='TrainingRuntime' is for TrainJobs"),
        ({"processes": 2}, "processes=2 is for TrainJobs"),
        ({"replicated_jobs": ("a",)}, "is for TrainJobs"),
    ],
)
def test_fields_that_the_operator_has_nothing_like(given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        JobSpec(["true"], **given).operator_job(PYTORCH_JOB, "mine", "team", LABELS, "i:1")


def test_a_field_that_there_is_not() -> None:
    cluster = SimpleNamespace(ownership=SimpleNamespace(name=lambda _kind: "mine"))
    access = cast(TrainingAccess, SimpleNamespace(cluster=cluster))
    with pytest.raises(ConfigurationError, match=r"node: no field of a TrainJob; valid: nodes, "):
        JobCreator(access, image="i")(silent, node=2)


def test_a_text_of_several_lines_in_a_function_inside_of_another(tmp_path: Path) -> None:
    def poem() -> list[str]:
        return ["one", "two"]

    program = tmp_path / "program.py"
    program.write_text(function_program(poem, {}))
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result_in(done.stdout) == ["one", "two"]


@pytest.mark.parametrize("fields", PodFields)
def test_train_jobs(fields: PodFields) -> None:
    spec = JobSpec(
        ["true"], nodes=3, image="i:1", env={"A": "b", "C": {"fieldRef": {"fieldPath": "x"}}}
    )
    made = spec.train_job("mine", "team", LABELS, fields)["spec"]
    assert made["runtimeRef"] == {"name": "torch-distributed", "kind": "ClusterTrainingRuntime"}
    assert made["trainer"]["numNodes"] == 3
    assert made["trainer"]["env"] == [
        {"name": "A", "value": "b"},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "x"}}},
    ]
    other = next(one for one in PodFields if one is not fields)
    assert other.value not in made
    (change,) = made[fields.value]
    label = {"sidecar.istio.io/inject": "false"}
    if fields is PodFields.RUNTIME_PATCHES:
        (job,) = change["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
        assert job["name"] == "node"
        assert job["template"]["spec"]["template"]["metadata"]["labels"] == label
    else:
        assert change["targetJobs"] == [{"name": "node"}]
        assert change["metadata"]["labels"] == label
    plain = JobSpec(["true"], sidecars=None).train_job("mine", "team", LABELS, fields)
    assert fields.value not in plain["spec"]
    assert "suspend" not in plain["spec"]


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (PYTORCH_JOB, {"Master": 1, "Worker": 2}),
        (TF_JOB, {"Worker": 3}),
        (MPI_JOB, {"Launcher": 1, "Worker": 3}),
    ],
)
def test_jobs_of_the_operator(kind: Any, roles: dict[str, int]) -> None:
    spec = JobSpec(["true"], nodes=3)
    made = spec.operator_job(kind, "mine", "team", LABELS, "i:1")
    replicas = made["spec"][f"{kind.prefix}ReplicaSpecs"]
    assert {role: one["replicas"] for role, one in replicas.items()} == roles
    for role, one in replicas.items():
        (container,) = one["template"]["spec"]["containers"]
        assert (container["name"], container["image"]) == (kind.containers[0], "i:1")
        assert ("command" in container) == (kind is not MPI_JOB or role == "Launcher")
        assert one["template"]["metadata"]["labels"] == {"sidecar.istio.io/inject": "false"}
    alone = JobSpec(["true"]).operator_job(PYTORCH_JOB, "mine", "team", LABELS, "i:1")
    assert set(alone["spec"]["pytorchReplicaSpecs"]) == {"Master"}


RUNTIME = {
    "metadata": {"name": "torch-distributed"},
    "spec": {
        "mlPolicy": {"numNodes": 1, "torch": {}},
        "template": {
            "spec": {
                "replicatedJobs": [
                    {"name": "dataset", "template": {"spec": {"template": {"spec": {}}}}},
                    {
                        "name": "node",
                        "template": {
                            "metadata": {
                                "labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
                            },
                            "spec": {
                                "template": {"spec": {"containers": [{"image": "pytorch:2"}]}}
                            },
                        },
                    },
                ]
            }
        },
    },
}


def test_runtimes() -> None:
    runtime = TrainingRuntime(RUNTIME)
    assert (runtime.name, runtime.kind) == ("torch-distributed", "ClusterTrainingRuntime")
    assert (runtime.trainer, runtime.image, runtime.is_torch) == ("node", "pytorch:2", True)
    assert (runtime.restart_policy, runtime.backoff_limit, runtime.restarts) == ("OnFailure", 6, 0)
    spec = stricter(runtime, backoff_limit=1, restarts=2)
    ours = TrainingRuntime({"metadata": {"name": "x", "namespace": "team"}, "spec": spec})
    assert ours.kind == "TrainingRuntime"
    assert (ours.restart_policy, ours.backoff_limit, ours.restarts) == ("Never", 1, 2)
    assert runtime.restarts == 0
    assert "failurePolicy" not in stricter(runtime)["template"]["spec"]


@given(st.text())
def test_results_are_read_from_any_log(text: str) -> None:
    assert result_in(f"{text}\n" + '{"rank": 0}\n' + "the end\n") == {"rank": 0}
    result_in(text)
    assert objects.BEGAN


@pytest.mark.parametrize(
    ("log", "result"),
    [
        ("42\n", 42),
        ('1\n"so"\n', "so"),
        ("1\nthe end\n", None),
        ("[1]\nthe end\n", [1]),
        ("", None),
    ],
)
def test_results_that_are_no_objects(log: str, result: Any) -> None:
    assert result_in(log) == result


def test_an_end_that_no_job_comes_to() -> None:
    nobody: Any = None
    job = TrainingJob(TrainingAccess(nobody, "team", 1), TRAIN_JOB, "mine")
    with pytest.raises(ConfigurationError, match=r"ended='Gone': a TrainJob ends in Complete or F"):
        job.wait(ended="Gone")


def test_a_kind_that_is_another_operators() -> None:
    """F26: mpi-operator serves mpijobs.kubeflow.org in another version."""
    there = SimpleNamespace(custom_resources={"mpijobs.kubeflow.org"})
    access = cast(TrainingAccess, SimpleNamespace(cluster=SimpleNamespace(capabilities=there)))
    found = not_served(access, MPI_JOB)
    assert found.startswith("this cluster serves mpijobs.kubeflow.org in another version than v1")
    assert "KF716 mpijobs-two-owners" in found
    assert not_served(access, TF_JOB) == "this cluster serves no tfjobs.kubeflow.org"
