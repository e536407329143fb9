"""Jobs: those that a sidecar keeps alive, and those of the installation that have failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.platform.age import STARTING, longer_than
from pytest_kubeflow.platform.catalogue.workloads import JOB_FAILED, JOB_KEPT_BY_SIDECAR
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import PLATFORM
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, items, text
from pytest_kubeflow.platform.snapshot.kind import JOBS
from pytest_kubeflow.platform.workloads import Owner, Workloads, containers_of
from pytest_kubeflow.platform.workloads.container import PROXY, has_late_proxy
from pytest_kubeflow.platform.workloads.owner import pod_name


def check_jobs(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether what should end does."""
    for owner, pods in snapshot.once(Workloads).pods.items():
        kept = [pod for pod in pods if _is_kept(snapshot, pod)]
        if kept:
            yield _kept(owner, kept)
    for job in snapshot.all(JOBS):
        failed = condition(job, "Failed")
        if text(failed, "status") == "True" and _counts(job):
            yield _failed(Owner.of(JOBS, job), failed)


def _is_kept(snapshot: Snapshot, pod: Object) -> bool:
    """Whether a proxy alone still runs in a pod that is to end."""
    if (
        text(pod, "spec", "restartPolicy") not in {"Never", "OnFailure"}
        or text(pod, "status", "phase") != "Running"
        or text(pod, "metadata", "deletionTimestamp")
        or not has_late_proxy(pod)
    ):
        return False
    containers = [one for one in containers_of(pod) if not one.init]
    rest = [one for one in containers if one.name != PROXY]
    return (
        bool(rest)
        and any(one.name == PROXY and one.running for one in containers)
        and all(
            one.ended and longer_than(STARTING, snapshot, one.ended, "finishedAt") for one in rest
        )
    )


def _kept(owner: Owner, pods: Sequence[Object]) -> Finding:
    first = text(pods[0], "metadata", "name")
    more = f" and {len(pods) - 1} more" if len(pods) > 1 else ""
    return Finding(
        fault=JOB_KEPT_BY_SIDECAR,
        component=component_of(owner.namespace, owner.name),
        severity=JOB_KEPT_BY_SIDECAR.severity,
        sentence=f"{owner} does not end: in pod {first}{more} {PROXY} alone still runs",
        fix=f"kubectl -n {owner.namespace} exec {first} -c {PROXY} -- pilot-agent request POST "
        'quitquitquit  # now; later by the label sidecar.istio.io/inject: "false", or:\n'
        "kubectl -n istio-system set env deployment/istiod ENABLE_NATIVE_SIDECARS=true",
        objects=(str(owner), *(pod_name(pod) for pod in pods)),
    )


def _counts(job: Object) -> bool:
    """Whether a Job is of the installation: those of a schedule are made anew."""
    scheduled = any(
        text(one, "kind") == "CronJob" for one in items(job, "metadata", "ownerReferences")
    )
    return text(job, "metadata", "namespace") in PLATFORM and not scheduled


def _failed(owner: Owner, failed: Object) -> Finding:
    why = " ".join(text(failed, "message").split())
    return Finding(
        fault=JOB_FAILED,
        component=component_of(owner.namespace, owner.name),
        severity=JOB_FAILED.severity,
        sentence=f"{owner} has failed: {why or text(failed, 'reason') or 'it does not say why'}",
        fix=f"kubectl -n {owner.namespace} logs {owner.target} --all-containers\n"
        f"kubectl -n {owner.namespace} delete {owner.target}  # and apply its manifest again",
        objects=(str(owner),),
    )
