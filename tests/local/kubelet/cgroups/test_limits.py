"""Limits of real pods in real cgroups; skipped, with the node's own words, where there are none."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.kubelet.cgroups import enforcement
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh, state

HUNGRY = "python3 -c 'bytearray(200 << 20)'"
SMALL = {"limits": {"memory": "48Mi", "cpu": "500m"}}


@pytest.fixture
def enforcing(cluster: Cluster) -> Cluster:
    """The cluster, if its node enforces limits."""
    condition = cluster.condition("ResourceLimitsEnforced")
    if condition["status"] != "True":
        pytest.skip(condition["message"])
    return cluster


def places(cluster: Cluster) -> list[Path]:
    """The cluster's own cgroups, which its node names."""
    message = cluster.condition("ResourceLimitsEnforced")["message"]
    return [Path(text) for text in re.findall(r"\((/[^)]+)\)", message)]


def python(script: str, **fields: Any) -> Object:
    return sh(script, image="python:3.11", resources=SMALL, **fields)


def test_a_container_over_its_memory_is_killed(enforcing: Cluster) -> None:
    pod = enforcing.run(python(f"exec {HUNGRY}"))
    ended = state(pod)["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert phase(pod) == "Failed"


def test_a_container_that_outlives_the_death_of_its_child_says_so_too(enforcing: Cluster) -> None:
    pod = enforcing.run(python(f"{HUNGRY}; echo child $?; exit 0"))
    ended = state(pod)["terminated"]
    assert ended["reason"] == "OOMKilled"
    # Version 2 kills the whole container; version 1 the one process.
    together = "V2" in enforcing.condition("ResourceLimitsEnforced")["reason"]
    assert ended["exitCode"] == (137 if together else 0)
    assert ("child 137" in enforcing.log(pod)) is not together


def test_the_same_without_a_limit_goes_well(cluster: Cluster) -> None:
    pod = cluster.run(sh(HUNGRY, image="python:3.11"))
    assert state(pod)["terminated"]["reason"] == "Completed"


def test_each_run_of_a_container_begins_anew(enforcing: Cluster) -> None:
    script = f"[ -e /s/once ] && exit 0; touch /s/once; exec {HUNGRY}"
    pod = enforcing.run(
        python(script, volumeMounts=[{"name": "s", "mountPath": "/s"}]),
        restartPolicy="OnFailure",
        volumes=[{"name": "s", "emptyDir": {}}],
    )
    status = pod["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert status["state"]["terminated"]["reason"] == "Completed"


def test_a_container_sees_its_limits_and_cannot_change_them(enforcing: Cluster) -> None:
    script = (
        "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null; "
        "cat cpu.max cpu/cpu.cfs_quota_us 2>/dev/null; "
        "echo 1 2>/dev/null > $(ls memory.max memory/memory.limit_in_bytes 2>/dev/null) "
        "|| echo refused"
    )
    memory, cpu, refused = enforcing.output(python(script)).splitlines()
    assert memory == str(48 << 20)
    assert cpu in {"50000", "50000 100000"}
    assert refused == "refused"


def test_half_a_cpu_takes_twice_the_time(enforcing: Cluster) -> None:
    script = (
        "import time; begun, used = time.monotonic(), time.process_time()\n"
        "while time.process_time() - used < 0.4: pass\n"
        "print(time.monotonic() - begun)"
    )
    seconds = float(enforcing.output(python(f"python3 -c '{script}'")))
    assert seconds > 0.6  # 0.4 s of CPU in pieces of 0.05 s, one in each 0.1 s


def test_what_a_probe_runs_is_in_the_container_cgroup(enforcing: Cluster) -> None:
    # As seen from within its cgroup namespace, the container's own cgroup is the root.
    inside = "grep -qE '(:memory:|^0::)/$' /proc/self/cgroup"
    files = "/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/cgroup.procs"
    seen = f"cat {files} 2>/dev/null | grep -qx $$ && {inside}"
    probe = {"exec": {"command": ["sh", "-c", seen]}, "timeoutSeconds": 10}
    pod = enforcing.create(
        sh("trap 'exit 0' TERM; while :; do sleep 0.05; done", startupProbe=probe, resources=SMALL)
    )
    enforcing.until(pod, lambda one: "'started': True" in str(one))
    enforcing.delete(pod)


def test_a_pod_leaves_no_cgroup(enforcing: Cluster) -> None:
    pod = enforcing.create(sh("trap 'exit 0' TERM; while :; do sleep 0.05; done", resources=SMALL))
    enforcing.until(pod, lambda one: phase(one) == "Running")
    directories = [place / f"pod{pod['metadata']['uid']}" for place in places(enforcing)]
    assert directories
    assert all((directory / "main-0").is_dir() for directory in directories)
    enforcing.delete(pod)
    # The API hears of the end first, and the files go after it.
    deadline = time.monotonic() + 10
    while any(one.exists() for one in directories) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(one.exists() for one in directories)


def test_a_limit_too_small_to_start_with(enforcing: Cluster) -> None:
    pod = enforcing.run(sh("true", resources={"limits": {"memory": "1"}}))
    ended = state(pod)["terminated"]
    # Killed on its way to its program, or not even a cgroup fits into so little.
    assert (ended["exitCode"], ended["reason"]) in {(137, "OOMKilled"), (128, "StartError")}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster for one test, which starts it."""
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


def test_a_cgroup_that_cannot_be_made_fails_the_container(own: Cluster) -> None:
    own.do(own.start())
    condition = own.condition("ResourceLimitsEnforced")
    if condition["status"] != "True":
        pytest.skip(condition["message"])
    for directory in places(own):
        directory.rmdir()
    pod = own.run(sh("true", resources=SMALL))
    ended = state(pod)["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "unable to apply cgroup configuration: No such file" in ended["message"]


@pytest.fixture
def powerless(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster on a machine without a cgroup file system."""
    monkeypatch.setattr(enforcement, "hierarchies", lambda *_: [])
    own.do(own.start())
    return own


def test_a_node_that_cannot_enforce_says_so_of_the_pod(powerless: Cluster) -> None:
    cluster = powerless
    condition = cluster.condition("ResourceLimitsEnforced")
    assert (condition["status"], condition["reason"]) == ("False", "NotMounted")
    pod = cluster.run(sh("true", resources=SMALL))
    assert phase(pod) == "Succeeded"
    found = [one for one in pod["status"]["conditions"] if one["type"] == "ResourceLimitsEnforced"]
    message = condition["message"]
    assert [(one["status"], one["message"]) for one in found] == [("False", message)]
    assert ("LimitsNotEnforced", message) in cluster.events(pod, "LimitsNotEnforced")
    free = cluster.run(sh("true"))
    assert "ResourceLimitsEnforced" not in str(free["status"])


def test_twenty_pods_on_a_node_for_two(cluster: Cluster) -> None:
    cpus = parse_quantity(cluster.node["status"]["allocatable"]["cpu"])
    half = {"limits": {"cpu": f"{int(cpus * 1000) // 2}m"}}
    script = "date +%s.%N; sleep 0.05; date +%s.%N"
    pods = [cluster.create(sh(script, resources=half), nodeName=None) for _ in range(20)]
    spans = []
    for pod in pods:
        assert phase(cluster.finished(pod)) == "Succeeded"
        begun, ended = cluster.log(pod).split()
        spans += [(float(begun), 1), (float(ended), -1)]
    running = most = 0
    for _, change in sorted(spans):
        running += change
        most = max(most, running)
    assert most == 2
    for pod in pods:
        cluster.do(cluster.client.delete(PODS, pod["metadata"]["name"], NAMESPACE))
