"""Sessions that run beside this one, as their records in namespaces tell."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.sessions.leftovers import Leftover, OwnObjects
from pytest_kubeflow.k8s.sessions.ownership import OWNER, RUN_ID, Ownership, has_expired
from pytest_kubeflow.k8s.sessions.record import RUNNING, STATE


def running_beside(
    objects: OwnObjects, ownership: Ownership, namespace: str
) -> Iterator[tuple[str, str]]:
    """Each other session that has not ended, once: who it is, and the namespace it works in.

    Looked for in `namespace` and in namespaces that sessions have made, as far as we may look. One
    that was killed counts until its record expires. Of two that begin at once
    at least one sees the other: records are made before this is asked.
    """
    ours, seen = ownership.labels()[RUN_ID], set[str]()
    made = (one.name for one in objects.of_cluster() if one.run_id != ours and not one.is_going)
    for place in dict.fromkeys((namespace, *made)):
        for record in _running(objects, place, now=ownership.clock()):
            if record.run_id != ours and record.run_id not in seen:
                seen.add(record.run_id)
                yield f"{record.run_id} of {record.labels.get(OWNER) or 'nobody'}", place


def _running(objects: OwnObjects, namespace: str, *, now: float) -> Iterator[Leftover]:
    try:
        found = objects.records(namespace)
    except KubeflowError:
        return  # it may have gone by now, or is not ours to look into
    for one in found:
        is_running = one.labels.get(STATE) == RUNNING and not one.is_going
        if is_running and not has_expired(one.labels, now=now):
            yield one
