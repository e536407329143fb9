"""A pod is refused the system calls that a container runtime refuses, and those alone."""

from __future__ import annotations

import errno

import pytest

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers import seccomp
from tests.local.kubelet.conftest import Cluster, sh, state

TRIES = """
import ctypes, os, platform, signal, threading
libc = ctypes.CDLL(None, use_errno=True)
NEWUSER = 0x10000000
CLONE = 56 if platform.machine() == "x86_64" else 220

def cloned(flags):
    # Python's own fork by a flag: the new process ends at once.
    pid = libc.syscall(CLONE, flags | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    return min(pid, 0)

def tried(name, call, *arguments):
    ctypes.set_errno(0)
    print(name, ctypes.get_errno() if call(*arguments) < 0 else 0)

tried("setns", libc.setns, -1, 0)
tried("by handle", libc.open_by_handle_at, -1, ctypes.create_string_buffer(16), 0)
tried("namespace", cloned, NEWUSER)
tried("fork", cloned, 0)
tried("ptrace", libc.ptrace, 0, 0, 0, 0)
thread = threading.Thread(target=print, args=("thread", 0))
thread.start()
thread.join()
tried("unshare", libc.unshare, NEWUSER)
"""


def tried(cluster: Cluster, **context: Object) -> dict[str, int]:
    """The errors of system calls in a pod, 0 for none."""
    command = ["python3", "-c", TRIES]
    text = cluster.output(
        {"image": "python:3.11", "command": command, "securityContext": context},
    )
    lines = (line.rpartition(" ") for line in text.splitlines())
    return {name: int(number) for name, _, number in lines}


WORKING = {"fork": 0, "ptrace": 0, "thread": 0}


def test_what_leads_out_of_a_pod_is_refused(cluster: Cluster) -> None:
    assert cluster.condition(seccomp.CONDITION)["status"] == "True"
    refused = dict.fromkeys(("setns", "by handle", "namespace", "unshare"), errno.EPERM)
    assert tried(cluster) == refused | WORKING
    assert tried(cluster, seccompProfile={"type": "RuntimeDefault"}) == refused | WORKING


def test_who_asks_for_none_has_no_filter(cluster: Cluster) -> None:
    """The positive control: it is the filter that refuses, not the lack of capabilities."""
    found = tried(cluster, seccompProfile={"type": "Unconfined"})
    assert found["setns"] == errno.EBADF
    assert found["namespace"] == 0
    assert found["unshare"] != errno.EPERM
    assert WORKING.items() <= found.items()


def test_what_enters_a_container_is_filtered_as_well(cluster: Cluster) -> None:
    entered = ["sh", "-c", "grep ^Seccomp: /proc/self/status >/begun; mv /begun /entered"]
    script = "until [ -e /entered ]; do sleep 0.05; done; cat /entered"
    assert "Seccomp:\t2" in cluster.output(
        sh(script, lifecycle={"postStart": {"exec": {"command": entered}}})
    )


def test_a_profile_that_the_node_has_not(cluster: Cluster) -> None:
    profile = {"type": "Localhost", "localhostProfile": "strict.json"}
    pod = cluster.create(sh("true", securityContext={"seccompProfile": profile}))
    waiting = cluster.until(pod, lambda one: "waiting" in state(one) and state(one)["waiting"])
    assert state(waiting)["waiting"]["reason"] == "CreateContainerConfigError"
    assert "strict.json is not on this node" in state(waiting)["waiting"]["message"]
    cluster.delete(pod, grace=0)


def test_a_machine_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "_LIBRARY", "libnosuchthing.so.1")
    found = seccomp.system_call_filter()
    assert not found.program
    status, reason, message = found.condition
    assert (status, reason) == ("False", "NotFiltered")
    assert message.startswith("pods may make any system call: libseccomp is not installed (")
