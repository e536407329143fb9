"""What a node's kubelet does to pods, seen with benchmarks/pod_comparison on a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, EVENTS
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh, state

MOUNT = {"name": "v", "mountPath": "/v"}
EMPTY = {"name": "v", "emptyDir": {}}


def reasons(cluster: Cluster, pod: Object, *wanted: str) -> list[str]:
    """Reasons of a pod's events as they were written, once all `wanted` are among them."""
    cluster.events(pod, *wanted)
    listed = cluster.do(cluster.client.list(EVENTS, NAMESPACE))
    own = [one for one in listed["items"] if one["involvedObject"]["uid"] == pod["metadata"]["uid"]]
    own.sort(key=lambda one: int(one["metadata"]["resourceVersion"]))
    return [one["reason"] for one in own if one["reason"] != "Scheduled"]


@pytest.fixture
def words(cluster: Cluster) -> Iterator[str]:
    metadata = {"name": "words", "namespace": NAMESPACE}
    cluster.do(cluster.client.create(CONFIG_MAPS, {"metadata": metadata, "data": {"a": "old"}}))
    yield "words"
    cluster.do(cluster.client.delete(CONFIG_MAPS, "words", NAMESPACE))


def test_a_config_map_that_changes_is_seen_by_running_pods(cluster: Cluster, words: str) -> None:
    script = (
        "until [ $(cat /v/a) = new ]; do sleep 0.05; done; cat /v/a /sub; readlink /v/a; ls /v; "
        "readlink /v/..data | grep -c '^\\.\\.20'; ls -a /v | grep -c '^\\.\\.20'; ls -d /v/b"
    )
    pod = cluster.create(
        sh(script, volumeMounts=[MOUNT, {**MOUNT, "mountPath": "/sub", "subPath": "a"}]),
        volumes=[{"name": "v", "configMap": {"name": words}}],
    )
    cluster.until(pod, lambda one: phase(one) == "Running")
    patch = {"data": {"a": "new", "b": "more"}}
    cluster.do(cluster.client.patch(CONFIG_MAPS, words, patch, namespace=NAMESPACE))
    cluster.do(cluster.kubelet.refresh_volumes())
    ended = cluster.finished(pod)
    text = cluster.log(pod)
    assert phase(ended) == "Succeeded", text
    # What is mounted by subPath stays as it was: as on a node.
    assert text == "newold..data/a\na\nb\n1\n1\n/v/b\n"


@pytest.mark.parametrize(
    ("fields", "volume", "message"),
    [
        (
            {"resources": {"limits": {"ephemeral-storage": "1Mi"}}},
            {"emptyDir": {}},
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        ),
        (
            {},
            {"emptyDir": {"sizeLimit": "1Mi"}},
            'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
        ),
    ],
)
def test_who_writes_more_than_allowed_is_evicted(
    cluster: Cluster, fields: Object, volume: Object, message: str
) -> None:
    writes = {"name": "first", "image": "busybox:1.36", "volumeMounts": [MOUNT]}
    pod = cluster.create(
        sh("sleep 60", **fields),
        volumes=[{"name": "v", **volume}],
        initContainers=[{**writes, **sh("head -c 3000000 /dev/zero > /v/x")}],
    )
    cluster.until(pod, lambda one: phase(one) == "Running")
    cluster.do(cluster.kubelet.check_storage())
    ended = cluster.finished(pod)
    assert (phase(ended), ended["status"]["reason"]) == ("Failed", "Evicted")
    assert ended["status"]["message"] == message
    assert state(ended)["terminated"]["exitCode"] == 137
    assert reasons(cluster, pod, "Killing")[-2:] == ["Evicted", "Killing"]


def test_empty_dirs_are_freed_when_a_pod_has_ended(cluster: Cluster) -> None:
    pod = cluster.run(sh("echo kept > /v/x; echo log", volumeMounts=[MOUNT]), volumes=[EMPTY])
    place = cluster.directory / "data/pods" / pod["metadata"]["uid"] / "volumes"
    ended = cluster.run(sh("true", volumeMounts=[MOUNT]), volumes=[EMPTY])
    cluster.delete(ended)  # removed after the first one's, one removal at a time
    assert not place.exists()
    assert cluster.log(pod) == "log\n"


def test_what_a_pod_may_not_write_it_may_not_write_in_a_sub_path(cluster: Cluster) -> None:
    script = "stat -c '%a %g' /v/a /v; touch /v/a/b/x && echo yes"
    text = cluster.output(
        sh(script, volumeMounts=[{**MOUNT, "mountPath": "/v/a", "subPath": "a"}, MOUNT]),
        volumes=[EMPTY],
        initContainers=[
            {
                "name": "first",
                "image": "busybox:1.36",
                "command": ["true"],
                "volumeMounts": [{**MOUNT, "subPath": "a/b"}],
            }
        ],
        securityContext={"runAsUser": 1000, "fsGroup": 2000},
    )
    assert text == "2777 2000\n2777 2000\nyes\n"


def test_an_images_user_and_environment(cluster: Cluster) -> None:
    own = {"image": "example.com/1234:1", "command": ["own"]}
    assert cluster.output(own, securityContext={"runAsNonRoot": True}) == "own image\n"
    script = "id -u; id -g; echo $A $(A) $(PATH)"
    image = {"image": "example.com/1234:1", "command": ["/bin/sh", "-c", script]}
    env = [{"name": "A", "value": "pod"}, {"name": "B", "value": "$(A)$$(A)$(HOME)"}]
    path = {"name": "PATH", "value": "/usr/bin:/bin"}
    text = cluster.output({**image, "env": [*env, path]})
    assert text == "1234\n77\npod pod /usr/bin:/bin\n"
    shown = {"image": "example.com/1234:1", "command": ["/bin/sh", "-c", "echo $B"]}
    assert cluster.output({**shown, "env": env}) == "pod$(A)$(HOME)\n"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"image": "busybox:1.36"}, "container has runAsNonRoot and image will run as root"),
        (
            {"image": "example.com/1234:1", "securityContext": {"runAsUser": 0}},
            "container's runAsUser breaks non-root policy",
        ),
        (
            {"image": "example.com/worker:1"},
            "container has runAsNonRoot and image has non-numeric user (worker), cannot verify "
            "user is non-root",
        ),
    ],
)
def test_run_as_non_root(cluster: Cluster, container: Object, message: str) -> None:
    pod = cluster.create({**container, **sh("true")}, securityContext={"runAsNonRoot": True})
    waiting = cluster.until(pod, lambda one: "waiting" in state(one) and "message" in str(one))
    found = state(waiting)["waiting"]
    assert found["reason"] == "CreateContainerConfigError"
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    where = f'(pod: "{name}_{NAMESPACE}({uid})", container: main)'
    assert found["message"] == f"{message} {where}"
    cluster.delete(pod)


def test_a_pod_is_pending_while_a_container_waits(cluster: Cluster) -> None:
    missing = {"name": "second", "image": "none.example/x:1", "imagePullPolicy": "Never"}
    pod = cluster.create(sh("sleep 60"), missing, terminationGracePeriodSeconds=0)
    found = cluster.until(
        pod, lambda one: "running" in state(one) and "waiting" in state(one, "second")
    )
    assert phase(found) == "Pending"
    order = reasons(cluster, pod, "ErrImageNeverPull")
    assert order[:4] == ["Pulled", "Created", "Started", "ErrImageNeverPull"]
    cluster.delete(pod)


def test_a_node_takes_only_what_fits(cluster: Cluster) -> None:
    pod = cluster.run(sh("true", resources={"requests": {"cpu": "1000"}}))
    assert pod["status"]["reason"] == "OutOfcpu"
    assert pod["status"]["message"].startswith(
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: "
    )
    assert "containerStatuses" not in pod["status"]
    pod = cluster.run(sh("true"), nodeSelector={"no": "such"})
    assert pod["status"]["reason"] == "NodeAffinity"


def test_handlers_that_fail_tell_nothing_of_what_they_wrote(cluster: Cluster) -> None:
    hook = {"exec": {"command": ["sh", "-c", "echo secret; exit 1"]}}
    pod = cluster.run(
        sh("sleep 60", lifecycle={"postStart": hook}), terminationGracePeriodSeconds=0
    )
    events = cluster.events(pod, "Killing")
    assert ("FailedPostStartHook", "PostStartHook failed") in events
    assert ("Killing", "FailedPostStartHook") in events
