"""Reasons why an experiment never ends, from what was seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import Evidence, NotFound, WaitTimeout
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.katib.errors import ExperimentFailed
from pytest_kubeflow.katib.evidence import why_failed
from pytest_kubeflow.katib.search_space import SearchParameter
from pytest_kubeflow.katib.stall_watch import StallWatch
from pytest_kubeflow.katib.state import ExperimentState
from pytest_kubeflow.katib.trial import Trial
from pytest_kubeflow.katib.waiting import ExperimentWait
from pytest_kubeflow.katib.workload import ExperimentWorkload
from pytest_kubeflow.reason_clock import ReasonClock
from pytest_kubeflow.waiting import Deadline

from .objects import condition, experiment, optimal, trial

QUOTA = (
    'pods "tuned-a-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods={used}, '
    "limited: pods={limited}"
)
COMPLETE = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
RUNNING: Any = {"status": {}}
DOWN = "Failed to reconcile: rpc error: code = Unavailable desc = connection refused"


def pod(*containers: str, phase: str = "Succeeded") -> Any:
    """A pod with containers of these names."""
    return SimpleNamespace(
        metadata=SimpleNamespace(name="tuned-a-x"),
        spec=SimpleNamespace(
            init_containers=[],
            containers=[SimpleNamespace(name=one, image="i") for one in containers],
        ),
        status=SimpleNamespace(
            phase=phase,
            reason=None,
            message=None,
            conditions=[],
            container_statuses=[],
            init_container_statuses=[],
        ),
    )


@dataclass(frozen=True)
class Workload(ExperimentWorkload):
    """One without a cluster."""

    kubernetes: KubernetesClient = cast(KubernetesClient, None)  # noqa: RUF009
    namespace: str = "team"
    name: str = "tuned"
    made: tuple[Any, ...] = ()
    of_trial: Mapping[str, Any] | None = None
    pods_of: tuple[Any, ...] = ()
    suggested: Mapping[str, Any] | None = None
    service: tuple[Any, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    """What events say, by kind."""

    label: str = "enabled"
    webhook: bool | None = True

    def trials(self, space: Mapping[str, SearchParameter]) -> list[Trial]:
        return [Trial(one, space) for one in self.made]

    def job(self, _: Trial) -> Mapping[str, Any] | None:
        return self.of_trial

    def pods(self, _: Trial) -> list[Any]:
        return list(self.pods_of)

    def suggestion(self) -> Mapping[str, Any] | None:
        return self.suggested

    def suggestion_pods(self) -> list[Any]:
        return list(self.service)

    def replica_sets(self) -> list[str]:
        return ["tuned-random-1"]

    def not_created(self, kind: str, _: str) -> str:
        return self.words.get(f"FailedCreate {kind}", "")

    def warning(self, kind: str, _: str) -> str:
        return self.words.get(kind, "")

    def injection(self) -> str:
        return self.label

    def has_webhook(self) -> bool | None:
        return self.webhook


CREATED = experiment(condition("Created"), condition("Running"), trials=1, trialsRunning=1)
ACTIVE = (trial("tuned-a", condition("Created"), condition("Running")),)


def reason(workload: Workload, *, seconds: float = 60, state: Any = CREATED) -> str:
    """Why it will not end, if it looks like this for so many seconds."""
    now = [0.0]
    stalls = StallWatch(workload, 60.0, ReasonClock(lambda: now[0]))
    stalls.hopeless(ExperimentState(state))
    now[0] = seconds
    found = stalls.hopeless(ExperimentState(state))
    assert "\n" not in found
    return found


def test_a_controller_that_does_nothing() -> None:
    new = experiment()
    assert reason(Workload(), seconds=59, state=new) == ""
    assert "it has no status after 60 s: katib-controller" in reason(Workload(), state=new)
    begun = experiment(condition("Created"))
    assert "it has no Suggestion after 60 s: kubectl" in reason(Workload(), state=begun)
    found = reason(Workload(made=ACTIVE, words={"Trial": "Failed to reconcile: jobs is forbidden"}))
    assert (
        found == "trial tuned-a: it has no Job after 60 s: Failed to reconcile: jobs is forbidden"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"label": ""},
            "the namespace team lacks the label katib.kubeflow.org/metrics-collector-i",
        ),
        ({"webhook": False}, "Katib's webhook for pods (mutator.pod.katib.kubeflow.org) is not re"),
        ({"label": "?", "webhook": None}, "or Katib's webhook for pods is not registered (neither"),
        ({}, "Katib's webhook did not change it, although the namespace team has the label"),
    ],
)
def test_a_complete_job_without_a_collector(changes: dict[str, Any], words: str) -> None:
    """Symptom F16: Job Complete, Trial Running for ever."""
    plain = Workload(made=ACTIVE, of_trial=COMPLETE, pods_of=(pod("training-container"),))
    found = Workload(**{**vars(plain), **changes})
    assert reason(found, seconds=9) == ""
    told = reason(found, seconds=10)
    assert told.startswith(
        "trial tuned-a: its Job is complete, and it stays Running without metrics: its pod has no "
        "metrics collector, since "
    )
    assert words in told


def test_a_database_that_is_down() -> None:
    found = Workload(
        made=ACTIVE,
        of_trial=COMPLETE,
        pods_of=(pod("training-container", "metrics-logger-and-collector"),),
        words={"Trial": DOWN},
    )
    assert reason(found, seconds=29) == ""
    told = reason(found, seconds=30)
    assert f"katib-controller cannot read them: {DOWN}; does katib-db-manager run?" in told
    gone = Workload(made=ACTIVE, of_trial=COMPLETE)
    assert reason(gone, seconds=59) == ""
    assert "its pod is gone, and nothing is told of it" in reason(gone)


def test_quotas() -> None:
    never = {"FailedCreate Job": QUOTA.format(used=0, limited=0)}
    found = reason(Workload(made=ACTIVE, of_trial=RUNNING, words=never), seconds=0)
    assert "Job tuned-a cannot make a pod: pods" in found
    assert "it is ResourceQuota 'team' that refuses it" in found
    full = {"FailedCreate Job": QUOTA.format(used=1, limited=1)}
    later = Workload(made=ACTIVE, of_trial=RUNNING, words=full)
    assert reason(later, seconds=59) == ""
    assert "Job tuned-a cannot make a pod" in reason(later)
    service = Workload(
        suggested={"status": {}},
        words={"FailedCreate ReplicaSet": QUOTA.format(used=0, limited=0)},
    )
    found = reason(service, seconds=0, state=experiment(condition("Created")))
    assert found.startswith("its suggestion service: ReplicaSet tuned-random-1 cannot make a pod")
    silent = Workload(made=ACTIVE, of_trial=RUNNING)
    assert "has made no pod after 60 s (--kf-start-timeout), and no event" in reason(silent)


def test_trials_that_somebody_has_deleted() -> None:
    assert reason(Workload(), seconds=59) == ""
    found = reason(Workload())
    assert found.startswith("its status counts 1 trials, and there is none for 60 s: somebody has")


def test_what_is_in_the_way_at_a_timeout() -> None:
    def now(workload: Workload) -> str:
        return StallWatch(workload, 60.0).now(ExperimentState(CREATED))

    assert now(Workload(made=ACTIVE)) == "trial tuned-a: it has no Job yet"
    full = {"FailedCreate Job": QUOTA.format(used=1, limited=1)}
    assert "exceeded quota: team" in now(Workload(made=ACTIVE, of_trial=RUNNING, words=full))
    down = Workload(made=ACTIVE, of_trial=COMPLETE, words={"Trial": DOWN})
    assert now(down) == f"trial tuned-a: its Job is complete, without metrics yet: {DOWN}"
    assert now(Workload(made=ACTIVE, of_trial=RUNNING, pods_of=(pod("a", phase="Running"),))) == ""
    unplaced = pod("training-container", phase="Pending")
    unplaced.status.conditions = [
        SimpleNamespace(type="PodScheduled", status="False", message="0/1 nodes", reason="x")
    ]
    found = now(Workload(made=ACTIVE, of_trial=RUNNING, pods_of=(unplaced,)))
    assert found == "trial tuned-a: pod tuned-a-x: no node takes it: 0/1 nodes"
    found = now(Workload(suggested={"status": {}}, service=(unplaced,)))
    assert found.startswith("its suggestion service does not start: pod tuned-a-x: no node takes")
    assert "exceeded quota" in now(
        Workload(words={"FailedCreate ReplicaSet": QUOTA.format(used=0, limited=0)})
    )
    assert now(Workload(words={"Suggestion": "unexpected"})) == "its Suggestion: unexpected"
    assert now(Workload()) == ""


def test_a_service_that_gives_no_values() -> None:
    ready = {"status": {"conditions": [condition("DeploymentReady")]}}
    found = reason(
        Workload(suggested=ready, words={"Suggestion": "unexpected trials"}),
        state=experiment(condition("Created")),
    )
    assert "runs and gives no values for 60 s: unexpected trials" in found


def test_a_service_whose_image_is_not_pulled() -> None:
    waiting = SimpleNamespace(
        waiting=SimpleNamespace(reason="ErrImageNeverPull", message="not there"),
        running=None,
        terminated=None,
    )
    service = pod("suggestion", phase="Pending")
    service.status.container_statuses = [
        SimpleNamespace(name="suggestion", state=waiting, restart_count=0, last_state=None)
    ]
    new = experiment(condition("Created"))
    found = reason(Workload(suggested={"status": {}}, service=(service,)), seconds=0, state=new)
    assert "its suggestion service does not start: pod tuned-a-x: the image 'i' is not" in found
    assert "katib-config names the image of each algorithm" in found


def wait(state: Any, workload: Workload, *, ended: str = "Succeeded", seconds: float = 0.3) -> str:
    """What the wait says that ends in an error."""
    told: list[str | None] = []
    waiting = ExperimentWait(
        "team/tuned",
        lambda: state if isinstance(state, ExperimentState) else ExperimentState(state),
        StallWatch(workload, 60.0),
        lambda: Evidence("tuned"),
        lambda found: why_failed(workload, found),
        listener=lambda _, line: told.append(line),
    )
    with pytest.raises((ExperimentFailed, WaitTimeout)) as failed:
        waiting.until(ended, Deadline.after(seconds))
    assert told[-1] is None
    assert "\n" not in failed.value.message
    return failed.value.message


def test_progress_is_told_at_the_deadline() -> None:
    best = optimal("tuned-a", "0.93", {"lr": "0.02"})
    state = experiment(
        condition("Created"),
        condition("Running"),
        trials=8,
        trialsSucceeded=4,
        trialsFailed=1,
        trialsRunning=3,
        currentOptimalTrial=best,
    )
    found = wait(state, Workload(suggested={"status": {}}))
    assert "timed out after 0.3 s waiting for Experiment team/tuned to end; last state: " in found
    assert "Running True; 5 of 12 trials, 1 failed, 3 running, best accuracy=0.93" in found


def test_an_end_that_nobody_wanted() -> None:
    message = "Experiment has failed because max failed count has reached"
    failed = experiment(
        condition("Running", holds=False),
        condition("Failed", "ExperimentFailed", message),
        trials=1,
        trialsFailed=1,
    )
    bad = trial("tuned-a", condition("Failed", "TrialFailed", "Trial has failed"))
    found = wait(failed, Workload(made=(bad,)))
    assert f"Experiment team/tuned has failed: {message} (ExperimentFailed; 1 of 12" in found
    assert "trial tuned-a is Failed: TrialFailed: Trial has failed; its pod is gone" in found
    said = "Validation failed: ValidateAlgorithmSettings Error: unknown setting"
    suggestion = {"status": {"conditions": [condition("Failed", "SuggestionFailed", said)]}}
    assert f"its Suggestion has failed: {said}" in wait(failed, Workload(suggested=suggestion))
    done = experiment(condition("Succeeded", "ExperimentGoalReached", "goal has reached"))
    assert "has succeeded: goal has reached" in wait(done, Workload(), ended="Failed")


def test_one_that_is_deleted() -> None:
    going = experiment(condition("Created"))
    going["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert wait(going, Workload()) == "Experiment team/tuned will not end: it is being deleted"

    def gone() -> ExperimentState:
        raise NotFound("no such experiment")

    waiting = ExperimentWait(
        "team/tuned", gone, StallWatch(Workload(), 60.0), lambda: Evidence("tuned"), lambda _: ""
    )
    with pytest.raises(ExperimentFailed, match="was deleted while it was waited for"):
        waiting.until("Succeeded", Deadline.after(5))
