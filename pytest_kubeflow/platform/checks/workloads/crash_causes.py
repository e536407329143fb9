"""Crash causes: what the last log of a container that crashes tells, and what mends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.platform.catalogue.databases import (
    KATIB_DATABASE_OLD,
    METADATA_SCHEMA_MISSING,
    MYSQL_VOLUME_UNWRITABLE,
)
from pytest_kubeflow.platform.catalogue.images import IMAGE_PLATFORM_MISSING
from pytest_kubeflow.platform.catalogue.pods import INOTIFY_EXHAUSTED, PROXY_LATE
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.workloads.container import claims_of, has_late_proxy
from pytest_kubeflow.platform.workloads.crash import Crash

_LINES = 3

# ml-pipeline's configuration watcher prints these words alone; a server that is out of file
# descriptors says for what it wanted one.
_NO_WATCHER = r"^(?!.*\b(?:accept4?|socket|dial|pipe)\b|.*\bopen /).*too many open files"
_API_REFUSED = r"dial tcp \S+:(443|6443): (connect: )?connection refused"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a container crashes."""

    fault: Fault
    sentence: str
    fix: str
    evidence: tuple[str, ...]


def cause_of(crash: Crash, log: str) -> Cause | None:
    """What the log tells; None if that is nothing that is known."""
    said = [one.strip() for one in (*log.splitlines(), *crash.messages)]
    for fault, telling, signs in _TELLING:
        lines = [one for one in said if any(re.search(sign, one) for sign in signs)]
        if lines and (fault is not PROXY_LATE or has_late_proxy(crash.pod)):
            sentence, fix = telling(crash)
            return Cause(fault, sentence, fix, tuple(dict.fromkeys(lines))[-_LINES:])
    return None


def _inotify(crash: Crash) -> tuple[str, str]:
    return (
        f"{crash.owner} crashes because the nodes allow too few inotify instances",
        "sysctl fs.inotify.max_user_instances=2280 fs.inotify.max_user_watches=1255360  "
        f"# on {text(crash.pod, 'spec', 'nodeName') or 'every node'}",
    )


def _unwritable(crash: Crash) -> tuple[str, str]:
    patch = '{"spec":{"template":{"spec":{"securityContext":{"fsGroup":999}}}}}'
    return (
        f"{crash.owner} cannot write its volume, whose files belong to another user",
        f"kubectl -n {crash.owner.namespace} patch {crash.owner.target} -p '{patch}'",
    )


def _old_data(crash: Crash) -> tuple[str, str]:
    namespace = crash.owner.namespace
    return (
        f"{crash.owner} cannot read its data, which another release of MySQL has written",
        "# run the release that wrote the data, dump it, load the dump into an empty claim; "
        "or give the data up:\n"
        f"kubectl -n {namespace} scale {crash.owner.target} --replicas=0\n"
        f"kubectl -n {namespace} delete persistentvolumeclaim {_claim(crash) or 'CLAIM'}  "
        "# and apply its manifest again",
    )


def _schema(crash: Crash) -> tuple[str, str]:
    namespace = crash.owner.namespace
    return (
        f"{crash.owner} cannot use its database metadb",
        "# where no lineage is to be kept; MySQL must run with mysql_native_password:\n"
        f"kubectl -n {namespace} exec deployment/mysql -- mysql -uroot -e 'DROP DATABASE metadb'\n"
        f"kubectl -n {namespace} rollout restart {crash.owner.target}",
    )


def _architecture(crash: Crash) -> tuple[str, str]:
    node = text(crash.pod, "spec", "nodeName")
    return (
        f"{crash.owner} cannot run: the image {crash.container.image} is for another kind of "
        f"processor than node {node or 'it is on'} has",
        f"kubectl -n {crash.owner.namespace} set image {crash.owner.target} "
        f"{crash.container.name}=IMAGE  # one for the architecture of the node: "
        "kubectl get nodes -L kubernetes.io/arch",
    )


def _proxy(crash: Crash) -> tuple[str, str]:
    patch = (
        '{"spec":{"template":{"metadata":{"annotations":{"proxy.istio.io/config":'
        '"{\\"holdApplicationUntilProxyStarts\\": true}"}}}}}'
    )
    return (
        f"{crash.owner}: container {crash.container.name} starts before its mesh proxy, and was "
        f"restarted {crash.container.restarts} times",
        f"kubectl -n {crash.owner.namespace} patch {crash.owner.target} -p '{patch}'",
    )


_TELLING: tuple[tuple[Fault, Callable[[Crash], tuple[str, str]], tuple[str, ...]], ...] = (
    (INOTIFY_EXHAUSTED, _inotify, (*INOTIFY_EXHAUSTED.signs, _NO_WATCHER)),
    (METADATA_SCHEMA_MISSING, _schema, METADATA_SCHEMA_MISSING.signs),
    (MYSQL_VOLUME_UNWRITABLE, _unwritable, MYSQL_VOLUME_UNWRITABLE.signs),
    (KATIB_DATABASE_OLD, _old_data, KATIB_DATABASE_OLD.signs),
    (IMAGE_PLATFORM_MISSING, _architecture, IMAGE_PLATFORM_MISSING.signs),
    (PROXY_LATE, _proxy, (_API_REFUSED,)),
)
"""Faults, what is said of each, and the lines that tell of it."""


def _claim(crash: Crash) -> str:
    """The one claim that the pod mounts; "" if there are none or several."""
    found = claims_of(crash.pod)
    return found[0] if len(found) == 1 else ""
