"""Reasons why a training job never ends, from what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.reason_clock import ReasonClock
from pytest_kubeflow.training import stall_watch
from pytest_kubeflow.training.errors import TrainingFailed
from pytest_kubeflow.training.evidence import why_failed
from pytest_kubeflow.training.kinds import PYTORCH_JOB, TRAIN_JOB, JobKind
from pytest_kubeflow.training.refusal_cause import cause_of
from pytest_kubeflow.training.stall_watch import StallWatch
from pytest_kubeflow.training.state import TrainingState
from pytest_kubeflow.training.waiting import TrainingWait
from pytest_kubeflow.training.workload import Refused, TrainingWorkload, refusals
from pytest_kubeflow.waiting import Deadline

from .objects import condition, ended, event, pod, running, status, train_job, waiting

DEADLINE = (
    "TrainJob resources reconciliation failed: Internal error occurred: failed calling webhook "
    '"mjobset.kb.io": failed to call webhook: Post "https://jobset-webhook-service.kubeflow-system'
    '.svc:443/mutate-jobset-x-k8s-io-v1alpha2-jobset?timeout=10s": context deadline exceeded'
)
QUOTA = (
    'Error creating: pods "mine-node-0-0-x" is forbidden: exceeded quota: team, requested: '
    "requests.cpu=2, used: requests.cpu={used}, limited: requests.cpu={most}"
)
LIMIT = (
    'Error creating: pods "mine-node-0-0-x" is forbidden: maximum cpu usage per Container is 2, '
    "but limit is 3"
)


@dataclass(frozen=True)
class Workload(TrainingWorkload):
    """One without a cluster."""

    kubernetes: KubernetesClient = cast(KubernetesClient, None)  # noqa: RUF009
    namespace: str = "team"
    kind: JobKind = TRAIN_JOB
    name: str = "mine"
    there: tuple[Any, ...] = ()
    told: tuple[Any, ...] = ()

    def pods(self) -> list[Any]:
        return list(self.there)

    def refused(self) -> list[Refused]:
        return list(refusals(self.told))


@pytest.fixture(autouse=True)
def _no_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pytest_kubeflow.training.evidence.last_lines", lambda *_, **__: "a\nb: c\n"
    )


def reason(
    workload: Workload, *, seconds: float = 60, state: Any = None, failing: bool = False
) -> str:
    """Why it will not end, if it looks like this for so many seconds."""
    ticks = [0.0]
    found = StallWatch(workload, 60.0, failing=failing, reasons=ReasonClock(lambda: ticks[0]))
    seen = TrainingState(state or train_job(active=1))
    found.hopeless(seen)
    ticks[0] = seconds
    told = found.hopeless(seen)
    assert "\n" not in told
    return told


def test_nobody_takes_it_up() -> None:
    new = train_job(status=False)
    assert reason(Workload(), seconds=59, state=new) == ""
    found = reason(Workload(), state=new)
    assert found.startswith("nobody takes it up: it has no status, no pod and no event after 60 s")
    assert "kubeflow-trainer-controller-manager jobset-controller-manager" in found
    assert "it has no pod after 60 s, and no event says why" in reason(Workload())
    # F26: two operators want one definition, and the training operator does not start.
    found = reason(Workload(kind=PYTORCH_JOB), state=new)
    assert "KF716 mpijobs-two-owners: an mpi-operator beside it takes the version v1 away" in found
    assert "get deploy training-operator" in found


def test_a_webhook_that_is_dead() -> None:
    """F10: a TrainJob without a status, and one event that says it all."""
    told = (event("TrainJob", "mine", "TrainJobResourcesCreationFailed", DEADLINE),)
    new = train_job(status=False)
    assert reason(Workload(told=told), seconds=29, state=new) == ""
    found = reason(Workload(told=told), seconds=30, state=new)
    assert found.startswith("TrainJob mine cannot make what belongs to it for 30 s: TrainJob resou")
    assert "the admission webhook mjobset.kb.io does not answer, which is JobSet's" in found
    assert "KF204 jobset-webhook-behind-sidecar" in found


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (DEADLINE.replace("context deadline exceeded", "EOF"), "KF204"),
        (
            DEADLINE.replace("context deadline exceeded", "dial tcp: connection refused"),
            "which is JobSet's: does jobset-controller-manager run?",
        ),
        (
            DEADLINE.replace("context deadline exceeded", "x509: certificate signed by unknown a"),
            "does not trust the certificate of the admission webhook mjobset.kb.io, which is JobS",
        ),
        (
            'failed calling webhook "poddefaults.kubeflow.org": no endpoints available',
            "the admission webhook poddefaults.kubeflow.org does not answer",
        ),
        ('no matches for kind "JobSet" in version', "does not know the kind JobSet"),
    ],
)
def test_who_does_not_answer(words: str, cause: str) -> None:
    found = cause_of(words)
    assert cause in found.message
    assert found.is_outage
    assert found.passing


def test_quotas_and_limits() -> None:
    never = event("Job", "mine-node-0", "FailedCreate", QUOTA.format(used=0, most=1))
    found = reason(Workload(told=(never,)), seconds=0)
    assert found.startswith(
        'Job mine-node-0 cannot make what belongs to it: Error creating: pods "'
    )
    assert "it is ResourceQuota 'team' that refuses it: ask for other resources" in found
    full = event("Job", "mine-node-0", "FailedCreate", QUOTA.format(used=2, most=3))
    assert reason(Workload(told=(full,)), seconds=59) == ""
    assert "for 60 s" in reason(Workload(told=(full,)))
    limit = event("Job", "mine-node-0", "FailedCreate", LIMIT)
    assert "it is a LimitRange that refuses it" in reason(Workload(told=(limit,)), seconds=0)
    invalid = 'job "mine-node-0" creation failed: Job.batch "mine-node-0" is invalid: spec: x'
    found = reason(
        Workload(told=(event("JobSet", "mine", "JobCreationFailed", invalid),)), seconds=0
    )
    assert found == f"JobSet mine cannot make what belongs to it: {invalid}"


def test_what_was_made_at_last_is_refused_no_more() -> None:
    events = (
        event("Job", "mine-node-0", "FailedCreate", QUOTA.format(used=2, most=3)),
        event("Job", "mine-node-0", "SuccessfulCreate", "Created pod", at=5),
    )
    assert list(refusals(events)) == []
    assert reason(Workload(told=events, there=(pod(0, status("node", running())),))) == ""
    operator = (event("PyTorchJob", "mine", "FailedCreatePod", "Error creating: no"),)
    assert list(refusals(operator)) == [Refused("PyTorchJob mine", "Error creating: no")]


def test_a_sidecar_keeps_a_node() -> None:
    """F17: the program has ended, and an ordinary istio-proxy goes on."""
    kept = pod(
        0, status("node", ended(0)), status("istio-proxy", running()), sidecars=("istio-proxy",)
    )
    assert reason(Workload(there=(kept,)), seconds=9) == ""
    found = reason(Workload(there=(kept,)), seconds=10)
    assert found.startswith(
        "the program of node-0 has ended with exit code 0, and its pod mine-node"
    )
    assert "goes on with istio-proxy: keep the mesh out by the label sidecar.istio" in found
    assert "KF112 job-kept-by-sidecar" in found
    native = pod(0, status("node", running()), native=("istio-proxy",))
    assert reason(Workload(there=(native,))) == ""


def test_a_node_that_does_not_start() -> None:
    image = pod(1, status("node", waiting("ErrImageNeverPull", "absent")), phase="Pending")
    found = reason(Workload(there=(pod(0, status("node", running())), image)), seconds=0)
    assert found.startswith(
        "node-1 (pod mine-node-0-1-x) cannot start: the image 'i:1' is not pulled"
    )
    assert "(image=, or the image of its runtime)" in found
    unplaced = SimpleNamespace(
        type="PodScheduled", status="False", reason="Unschedulable", message="0/1 nodes: no GPU"
    )
    nowhere = pod(0, phase="Pending", conditions=[unplaced])
    assert reason(Workload(there=(nowhere,)), seconds=59) == ""
    found = reason(Workload(there=(nowhere,)))
    assert "of the cluster takes it for 60 s (--kf-start-timeout): 0/1 nodes: no GPU" in found


def test_a_program_that_is_started_again_and_again() -> None:
    crashed = waiting("CrashLoopBackOff")
    bad = pod(1, status("node", crashed, last=ended(3), restarts=2))
    there = (pod(0, status("node", running())), bad)
    found = reason(Workload(there=there), seconds=0)
    assert found == (
        "the program of node-1 (pod mine-node-0-1-x) has ended 2 times with exit code 3; it said: "
        "b: c"
    )
    assert reason(Workload(there=there), failing=True) == ""
    once = pod(1, status("node", crashed, last=ended(3), restarts=1))
    assert reason(Workload(there=(once,)), seconds=0) == ""


def test_one_that_is_suspended() -> None:
    wants = train_job(spec={"suspend": True})
    assert "it is suspended, until somebody" in reason(Workload(), seconds=0, state=wants)


def wait(state: Any, workload: Workload, *, ended: str = "Complete") -> str:
    """What the wait says that ends in an error."""
    waits = TrainingWait(
        "TrainJob team/mine",
        lambda: TrainingState(state),
        StallWatch(workload, 60.0),
        lambda: Evidence("mine"),
        lambda: why_failed(workload),
    )
    with pytest.raises(TrainingFailed) as failed:
        waits.until(ended, Deadline.after(5))
    assert "\n" not in failed.value.message
    return failed.value.message


def test_an_end_that_nobody_wanted() -> None:
    failed = train_job(condition("Failed", "FailedJobs", "jobset failed"), failed=1)
    late = pod(0, status("node", ended(1, after=5)), phase="Failed", native=("istio-proxy",))
    first = pod(1, status("node", ended(3)), phase="Failed")
    found = wait(failed, Workload(there=(late, first)))
    assert found == (
        "TrainJob team/mine is Failed, Complete expected: FailedJobs: jobset failed; node-1 (pod "
        "mine-node-0-1-x) ended with exit code 3; it said: b: c"
    )
    found = wait(failed, Workload(there=(late,)))
    assert "its pod has the mesh's istio-proxy, through which ranks do not reach" in found
    done = train_job(condition("Complete", "AllJobsCompleted", "all done"))
    assert "is Complete, Failed expected: AllJobs" in wait(done, Workload(), ended="Failed")


def test_one_that_is_deleted() -> None:
    def gone() -> TrainingState:
        raise NotFound("no such job")

    waits = TrainingWait(
        "TrainJob team/mine", gone, StallWatch(Workload(), 60.0), lambda: Evidence("mine"), str
    )
    with pytest.raises(TrainingFailed, match="was deleted while it was waited for"):
        waits.until("Complete", Deadline.after(5))
    assert stall_watch.GRACE < stall_watch.OUTAGE
