"""Commands that are pasted do what they say and no harm; no fault hides another one."""

from __future__ import annotations

import shlex

import pytest

from pytest_kubeflow.platform.diagnosis import diagnose
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.health import Health, health_of
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    DESTINATION_RULES,
    MUTATING_WEBHOOKS,
    STORAGE_CLASSES,
)
from pytest_kubeflow.platform.table import lines
from tests.platform.broken.whole import a_snapshot
from tests.platform.objects import (
    a_condition,
    a_container,
    a_deployment,
    a_pod,
    a_replica_set,
    a_service,
    a_slice,
    ago,
)
from tests.platform.snapshots import an_object

_PULLED = a_container(waiting="ImagePullBackOff", image="a.example/b:1")
_CALL = (
    'Internal error occurred: failed calling webhook "pods.example.com": failed to call webhook: '
    'Post "https://hook.kubeflow.svc:443/x": context deadline exceeded'
)


def _health(*objects: Object) -> Health:
    return health_of(a_snapshot(*objects))


def _only(*objects: Object) -> Finding:
    (found,) = _health(*objects).findings
    return found


def _refused(message: str) -> Object:
    return a_deployment("katib-ui", a_condition("ReplicaFailure", "True", message), ready=0)


def _webhook(service: str) -> Object:
    client = {"service": {"namespace": "kubeflow", "name": service}, "caBundle": "eA=="}
    rule = {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}
    entry = {"name": "pods.example.com", "clientConfig": client, "rules": [rule]}
    metadata = {"creationTimestamp": ago(60)}
    return an_object(MUTATING_WEBHOOKS, "hook", metadata=metadata, webhooks=[entry])


def test_a_reference_to_an_owner_runs_nothing() -> None:
    """Users write them, and no API server looks at the names."""
    owner = ("Job", "x; reboot #")
    found = _only(a_pod("x", _PULLED, namespace="team", owner=owner))
    for line in found.fix.splitlines():
        assert "reboot" not in shlex.split(line.partition("  # ")[0])


@pytest.mark.parametrize(
    ("owner", "command"),
    [
        (("StatefulSet", "nb"), "kubectl -n team set image statefulset/nb main=IMAGE"),
        (("Workflow", "run"), "kubectl -n team get workflow/run -o yaml"),
        (("Job", "train"), "kubectl -n team get job/train -o yaml"),
    ],
)
def test_another_image_is_set_where_it_can_be(owner: tuple[str, str], command: str) -> None:
    found = _only(a_pod("x", _PULLED, namespace="team", owner=owner))
    assert found.fix.startswith(f"{command}  # ")


@pytest.mark.parametrize(
    ("owner", "command"),
    [
        (("StatefulSet", "db"), "rollout restart statefulset db"),
        (("Job", "db"), "delete pod db-0"),
        (None, "delete pod db-0"),
    ],
)
def test_pods_that_lack_a_proxy_are_started_anew(
    owner: tuple[str, str] | None, command: str
) -> None:
    rule = {"host": "db", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    found = _only(
        a_service("db", app="db"),
        a_pod("db-0", a_container(ready=True), owner=owner, metadata={"labels": {"app": "db"}}),
        an_object(DESTINATION_RULES, "db", "kubeflow", spec=rule),
    )
    assert found.code == "KF301"
    assert found.fix.splitlines()[-1] == f"kubectl -n kubeflow {command}"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('pods "x" is forbidden: exceeded quota: all', "describe resourcequota"),
        ('error looking up service account kubeflow/a: serviceaccount "a" not found', "account a "),
        (_CALL, "grep -B20 'name: pods.example.com'"),
    ],
)
def test_what_refuses_pods_is_what_is_looked_at(message: str, words: str) -> None:
    assert words in _only(_refused(message)).fix


@pytest.mark.parametrize(
    ("level", "instead"), [("restricted", "baseline"), ("baseline", "privileged")]
)
def test_pod_security_is_lowered_to_what_lets_them_in(level: str, instead: str) -> None:
    found = _only(_refused(f'pods "x" is forbidden: violates PodSecurity "{level}:latest": host'))
    assert f"enforce={instead} " in found.fix


def test_the_default_class_that_is_in_force_is_kept() -> None:
    """The newest one; the others lose the mark that they have."""
    old = {"storageclass.beta.kubernetes.io/is-default-class": "true"}
    new = {"storageclass.kubernetes.io/is-default-class": "true"}
    found = _only(
        *(
            an_object(
                STORAGE_CLASSES,
                name,
                metadata={"annotations": marks, "creationTimestamp": f"{year}-01-01T00:00:00Z"},
            )
            for name, marks, year in (("standard", old, 2024), ("fast", new, 2026))
        )
    )
    assert found.fix.splitlines()[1:] == [
        "kubectl annotate storageclass standard storageclass.beta.kubernetes.io/is-default-class-"
    ]


def test_a_pod_is_not_removed_by_force_without_a_word() -> None:
    found = _only(a_pod("mysql-0", metadata={"deletionTimestamp": ago(9)}))
    assert found.fix.startswith("# once node-a is known to be off: ")


def _beside_an_older_one() -> list[Object]:
    """A Deployment whose old pod crashes, and whose new one gets no image."""
    last = {"exitCode": 1, "reason": "Error", "finishedAt": ago(1)}
    crash = a_container(waiting="CrashLoopBackOff", restarts=7, last=last)
    return [
        a_deployment("katib-ui", a_condition("Available", "False"), ready=0),
        a_replica_set("katib-ui-1", "katib-ui"),
        a_replica_set("katib-ui-2", "katib-ui"),
        a_pod("katib-ui-1-x", crash, owner=("ReplicaSet", "katib-ui-1")),
        a_pod("katib-ui-2-x", _PULLED, owner=("ReplicaSet", "katib-ui-2")),
    ]


def test_two_pods_of_a_deployment_may_have_each_a_fault() -> None:
    assert [one.code for one in _health(*_beside_an_older_one()).findings] == ["KF101", "KF701"]


def _server_without_image() -> list[Object]:
    labels = {"labels": {"app": "hook"}}
    pod = a_pod("hook-1-x", _PULLED, owner=("ReplicaSet", "hook-1"), metadata=labels)
    return [
        a_deployment("hook", a_condition("Available", "False"), ready=0),
        a_replica_set("hook-1", "hook"),
        pod,
        a_service("hook", app="hook"),
        a_slice("hook", ready=False),
        _webhook("hook"),
    ]


def test_a_webhook_that_nobody_answers_follows_from_why_nobody_does() -> None:
    found = _only(*_server_without_image())
    assert (found.code, found.explains) == ("KF701", frozenset({"KF108", "KF202"}))
    told = diagnose(['failed calling webhook "x": no endpoints available for service'], [found])
    assert told is not None
    assert (told.code, told.sentence) == ("KF701", found.sentence)


def test_pods_that_a_webhook_keeps_away_follow_from_the_webhook() -> None:
    found = _only(_webhook("gone"), _refused(_CALL))
    assert found.code == "KF201"
    assert found.evidence[-1].startswith("so Deployment kubeflow/katib-ui has 0 of 1 pods")


def test_what_follows_is_shown_whatever_was_seen_before() -> None:
    found = Finding(
        fault=_only(_webhook("gone")).fault,
        component="x",
        sentence="it is broken",
        fix="mend it",
        severity=_only(_webhook("gone")).severity,
        evidence=("a", "b", "c", "d", "so another one is"),
    )
    health = Health([found], (), a_snapshot())
    assert [line for line, _ in lines(health)][3:7] == [
        "  seen: a",
        "  seen: b",
        "  seen: c",
        "  so another one is",
    ]
