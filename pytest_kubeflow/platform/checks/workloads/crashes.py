"""Crashes: containers of the platform that end again and again, or for want of memory."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.pods import (
    CONTAINER_NOT_CREATED,
    OUT_OF_MEMORY,
    POD_CRASH_LOOPING,
    PROXY_LATE,
)
from pytest_kubeflow.platform.checks.workloads.crash_causes import Cause, cause_of
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import severity_at
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import number, pairs, text
from pytest_kubeflow.platform.workloads.crash import Crash, crashes
from pytest_kubeflow.platform.workloads.owner import pod_name

_LINES = 3
_NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})


def check_crashes(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the platform's containers run, and why not."""
    for crash in crashes(snapshot):
        if crash.is_old and not crash.looping:
            continue
        log = snapshot.observed.logs.get(crash.key, "")
        cause = cause_of(crash, log)
        if text(crash.container.last, "reason") == "OOMKilled":
            yield _finding(snapshot, crash, _killed(crash))
        elif cause is not None and (crash.looping or cause.fault is PROXY_LATE):
            yield _finding(snapshot, crash, cause)
        elif crash.looping and text(crash.container.last, "reason") in _NOT_STARTED:
            yield _finding(snapshot, crash, _not_started(crash))
        elif crash.looping:
            yield _finding(snapshot, crash, _unknown(crash, log))


def _killed(crash: Crash) -> Cause:
    limit = pairs(crash.container.spec, "resources", "limits").get("memory", "")
    name = crash.container.name
    return Cause(
        OUT_OF_MEMORY,
        f"{crash.owner}: container {name} was killed because it ran out of memory, "
        + (f"with a limit of {limit}" if limit else "as did its node: it has no limit"),
        f"kubectl -n {crash.owner.namespace} set resources {crash.owner.target} -c {name} "
        "--limits=memory=MORE",
        crash.messages,
    )


def _not_started(crash: Crash) -> Cause:
    message = crash.messages[-1] if crash.messages else ""
    return Cause(
        CONTAINER_NOT_CREATED,
        f"{crash.owner}: container {crash.container.name} cannot be started: {message}",
        f"kubectl -n {crash.owner.namespace} describe pod {text(crash.pod, 'metadata', 'name')}",
        crash.messages,
    )


def _unknown(crash: Crash, log: str) -> Cause:
    name, pod = crash.container.name, text(crash.pod, "metadata", "name")
    lines = [one.strip() for one in log.splitlines() if one.strip()]
    return Cause(
        POD_CRASH_LOOPING,
        f"{crash.owner} crashes again and again: container {name} {_ended(crash)}",
        f"kubectl -n {crash.owner.namespace} logs {pod} -c {name} --previous",
        tuple(lines[-_LINES:]) or crash.messages,
    )


def _ended(crash: Crash) -> str:
    last = crash.container.last
    code, reason = number(last, "exitCode"), text(last, "reason")
    how = "does not stay up" if code is None else f"ended with exit code {code}"
    message = f" ({reason})" if reason and reason not in {"Error", "Completed"} else ""
    return f"{how}{message}, {crash.container.restarts} restarts"


def _finding(snapshot: Snapshot, crash: Crash, cause: Cause) -> Finding:
    owner, fault = crash.owner, cause.fault
    severity = severity_at(fault, snapshot, owner.namespace, owner.name) or Severity.DEGRADED
    least = fault.severity if crash.looping else Severity.DEGRADED
    return Finding(
        fault=fault,
        component=component_of(owner.namespace, owner.name),
        severity=max(severity, least, key=lambda one: one.weight),
        sentence=cause.sentence,
        fix=cause.fix,
        evidence=cause.evidence,
        objects=(str(owner), pod_name(crash.pod)),
    )
