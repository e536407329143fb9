"""The log of a detached run, from its beginning, as long as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.incluster.detached import DetachedRun, DetachedRuns
from pytest_kubeflow.incluster.pod import CONTAINER
from pytest_kubeflow.incluster.state import describe, has_started
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.waiting import Deadline, wait_until

_READ_SECONDS = 3600.0
_START_SECONDS = 24 * 3600.0
_CHUNK = 64 * 1024


def follow(runs: DetachedRuns, run: DetachedRun, *, until_end: bool) -> Iterator[bytes]:
    """What it has written; with `until_end` also what it writes until it ends.

    A connection that is lost is made again, and what was had of it is left out. Raises NotFound
    where it has no pod (any more), or has not started and nobody waits for it.
    """
    if until_end and not has_started(run) and run.condition is None:
        run = wait_until(
            lambda: runs.find(run.name),
            lambda found: has_started(found) or found.condition is not None,
            deadline=Deadline.after(_START_SECONDS),
            what=f"{run.name} to start",
            describe=lambda found: describe(found, runs.kubernetes, runs.namespace),
        )
    if run.pod is None or not has_started(run):
        raise NotFound(f"no log: {describe(run, runs.kubernetes, runs.namespace)}")
    had = 0
    while True:
        skipped = 0
        for data in _stream(runs, run, follows=until_end):
            fresh = data[max(0, had - skipped) :]
            skipped += len(data)
            if fresh:
                had += len(fresh)
                yield fresh
        if not until_end:
            return
        run = runs.find(run.name)
        if run.is_over or run.pod is None:
            return


def _stream(runs: DetachedRuns, run: DetachedRun, *, follows: bool) -> Iterator[bytes]:
    """The log from its beginning; ends with the container, or where the connection does."""
    from urllib3.exceptions import HTTPError

    assert run.pod is not None
    name = run.pod.metadata.name
    with calling(f"read the log of pod {runs.namespace}/{name}"):
        response = runs.kubernetes.core.read_namespaced_pod_log(
            name,
            runs.namespace,
            container=CONTAINER,
            **({"follow": True} if follows else {}),
            _preload_content=False,
            _request_timeout=(10.0, _READ_SECONDS),
        )
    try:
        # What is not followed has been read.
        yield from response.stream(_CHUNK) if follows else [response.data]
    except HTTPError as error:
        if not follows:
            raise ClusterUnreachable(f"the log of pod {name} was cut off: {error}") from error
    finally:
        response.release_conn()
