"""Logs: how the last runs of containers ended that crash, where that decides between faults."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import islice

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.platform.workloads.container import has_late_proxy
from pytest_kubeflow.platform.workloads.crash import Crash, crashes
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.retries.policy import outages_of

MOST = 12
"""Logs that are asked for, whatever crashes."""

_LINES = 60
_BYTES = 32 * 1024
_AT_ONCE = 6
_SECONDS = 4.0
_MAX_OUTAGE = 1.0
_DECIDED = frozenset({"OOMKilled"})
_FIRST = ("mysql", "katib-mysql", "metadata-grpc-deployment", "workflow-controller")
"""Workloads that others wait for."""


def probe_logs(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """The logs of the last runs of at most `MOST` containers. What cannot be read is left out."""
    wanted = list(islice(_wanted(snapshot), MOST))
    if not wanted:
        return Probed()
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="logs")
    try:
        begun = {one.key: pool.submit(copy_context().run, _read, kubernetes, one) for one in wanted}
        done, _ = wait(begun.values(), timeout=2 * _SECONDS)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    logs = {key: log for key, one in begun.items() if one in done and (log := one.result())}
    return Probed(observed=Observations(logs=logs, requests=len(wanted)))


def _wanted(snapshot: Snapshot) -> Iterable[Crash]:
    """Those that crash, and those that were restarted beside a proxy that may have been late."""
    found = [
        one
        for one in crashes(snapshot)
        if text(one.container.last, "reason") not in _DECIDED
        and (one.looping or (one.container.restarts and has_late_proxy(one.pod) and not one.is_old))
    ]
    return sorted(found, key=_order)


def _order(crash: Crash) -> tuple[bool, bool, str]:
    return not crash.looping, crash.owner.name not in _FIRST, str(crash.owner)


def _read(kubernetes: KubernetesClient, crash: Crash) -> str:
    try:
        with outages_of(_MAX_OUTAGE):
            data = read_log(
                kubernetes,
                crash.owner.namespace,
                text(crash.pod, "metadata", "name"),
                crash.container.name,
                previous=bool(crash.container.restarts),
                tail_lines=_LINES,
                limit_bytes=_BYTES,
                timeout=_SECONDS,
            )
    except KubeflowError:  # no rights, or the node has it no longer: then it decides nothing
        return ""
    return Redactor().redact(plain(data.decode(errors="replace")))
