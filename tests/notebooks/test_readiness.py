"""Reasons why a notebook never becomes ready, from what was seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from pytest_kubeflow.errors import Evidence, KubeflowError, PermissionDenied, WaitTimeout
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.notebooks.readiness import Look, Readiness
from pytest_kubeflow.notebooks.spec import NotebookSpec
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.waiting import Deadline
from pytest_kubeflow.webapps.reply import ServerReply

REFUSED = (
    'create Pod lab-0 in StatefulSet lab failed error: pods "lab-0" is forbidden: exceeded quota: '
    "team, requested: requests.memory=512Mi, used: requests.memory={used}, "
    "limited: requests.memory={limited}"
)


class Workload(NotebookWorkload):
    """One without a cluster."""

    words = ""
    made = True
    taken = ""

    def not_created(self) -> str:
        return self.words

    def is_made(self) -> bool:
        return self.made

    def refused(self, pod_spec: Mapping[str, Any]) -> str:
        assert pod_spec["containers"]
        return self.taken


def workload(words: str = "", *, made: bool = True, pod: Any = None) -> Workload:
    found = Workload(cast(KubernetesClient, None), "team", "lab", pod)
    object.__setattr__(found, "words", words)
    object.__setattr__(found, "made", made)
    return found


def state(**metadata: Any) -> NotebookState:
    manifest = NotebookSpec("image").manifest("lab", "team", {})
    manifest["metadata"] |= metadata
    return NotebookState(manifest)


def reason(look: Look, kind: type[KubeflowError] = NotebookFailed, *, seconds: float = 0) -> str:
    """Why it will not be ready, if it looks like this for so many seconds."""
    ticks = iter([0.0, *[seconds] * 1000])
    readiness = Readiness(
        "team/lab",
        lambda: look,
        lambda: Evidence("lab"),
        start_timeout=60,
        who="Dex login as user@example.com",
        clock=lambda: next(ticks),
    )
    with pytest.raises(kind) as failed:
        readiness.wait(Deadline.after(0.5))
    assert "\n" not in failed.value.message
    return failed.value.message


def test_a_quota_that_never_has_room_is_told_at_once() -> None:
    found = reason(Look(state(), workload(REFUSED.format(used="0", limited="1Mi"))))
    assert "its StatefulSet cannot make a pod: create Pod lab-0 in StatefulSet lab failed" in found
    assert "exceeded quota: team" in found
    assert "it is ResourceQuota 'team' that refuses it: it never has room for requests.mem" in found


def test_a_quota_that_may_have_room_later_is_waited_for() -> None:
    full = Look(state(), workload(REFUSED.format(used="1Gi", limited="1Gi")))
    assert "timed out after 0.5 s" in reason(full, WaitTimeout)
    assert "it has no room for this now" in reason(full, seconds=60)


def test_a_webhook_that_knew_nothing_for_a_moment_is_waited_for() -> None:
    """Seen on a real API server, whose custom resources were new: the next try was taken."""
    words = (
        'create Pod lab-0 in StatefulSet lab failed error: admission webhook "pods.example.com" '
        "denied the request: "
    )
    busy = Look(state(), workload(words + "storage is (re)initializing"))
    assert "timed out after 0.5 s" in reason(busy, WaitTimeout)
    assert "it could not ask the API server when it was asked" in reason(busy, seconds=60)
    assert "give helper pods what it asks for" in reason(Look(state(), workload(words + "no")))


def test_a_controller_that_does_nothing() -> None:
    nothing = Look(state(), workload(made=False))
    assert "last state: no pod yet" in reason(nothing, WaitTimeout)
    found = reason(nothing, seconds=60)
    assert "it has no StatefulSet after 60 s: the notebook controller does not run" in found
    found = reason(Look(state(), workload()), seconds=60)
    assert "its StatefulSet has made no pod after 60 s (--kf-start-timeout)" in found


def test_one_that_is_stopped_or_deleted() -> None:
    stopped = state(annotations={"kubeflow-resource-stopped": "2026-01-02T03:04:05Z"})
    found = reason(Look(stopped, workload()))
    assert "it is stopped (since 2026-01-02T03:04:05Z): somebody or the culler" in found
    going = state(deletionTimestamp="2026-01-02T03:04:05Z")
    assert reason(Look(going, workload())).endswith("it is being deleted")


@pytest.mark.parametrize(
    ("reply", "seconds", "message"),
    [
        (ServerReply(503, "text/plain", "no healthy upstream"), 60, "nothing responds at port"),
        (ServerReply(404, "text/html", "404 : Not Found"), 30, "has another base URL than $NB_P"),
        (ServerReply(200, "text/html", "Kubeflow Central"), 30, "something else than Jupyter's"),
    ],
)
def test_answers_that_are_not_its_servers(reply: ServerReply, seconds: float, message: str) -> None:
    look = Look(state(), workload(pod=object()), reply)
    assert "its container runs, and /notebook/team/lab/api/status answers" in (
        reason(look, WaitTimeout, seconds=seconds - 1)
    )
    assert message in reason(look, seconds=seconds)


def test_who_is_refused() -> None:
    reply = ServerReply(403, "text/plain", "RBAC: access denied")
    look = Look(state(), workload(pod=object()), reply)
    found = reason(look, PermissionDenied, seconds=10)
    assert "Dex login as user@example.com is not the owner of this profile" in found
    assert "(--kf-username, KF_PASSWORD)" in found


def test_jupyter_alone_is_ready() -> None:
    others: list[Any] = [None, [], {}, {"user": "me"}]
    for json in others:
        assert not Look(state(), workload(), ServerReply(200, "", "", json)).responds
    assert Look(state(), workload(), ServerReply(200, "", "", {"started": "now"})).responds
    assert not Look(state(), workload(), ServerReply(503, "", "", {"started": "now"})).responds
