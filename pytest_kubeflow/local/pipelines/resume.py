"""Runs that were not finished when the server ended: they go on, as a retry does.

A real server's end does not stop runs; here their pods end with it. What had succeeded stays, as ML
Metadata knows it; the rest is done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import replace

from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient
from pytest_kubeflow.local.kube.resources import NAMESPACES
from pytest_kubeflow.local.pipelines.store import FINAL_STATES, PipelineStore, Run, StateChange, now
from pytest_kubeflow.local.pipelines.workflows import Workflows, cluster_namespace

log = logging.getLogger(__name__)

_TIMEOUT = 20.0
"""Seconds that a run's namespace may take to appear."""


def unfinished(store: PipelineStore) -> list[Run]:
    """The runs that have not ended, oldest first."""
    return [one for one in store.runs.values() if one.state not in FINAL_STATES]


async def resume(
    runs: Iterable[Run], store: PipelineStore, workflows: Workflows, client: KubeClient
) -> None:
    """Let them go on, each once its namespace is there; without one it has failed."""
    namespaces = Informer(client, NAMESPACES)
    changed = asyncio.Event()
    namespaces.on_change(lambda *_: changed.set())
    watching = asyncio.create_task(namespaces.run(), name="namespaces of resumed runs")
    waiting = [_moved(one, store) for one in runs if one.id in store.runs]
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                while waiting:
                    changed.clear()
                    waiting = [
                        one
                        for one in waiting
                        if namespaces.get(cluster_namespace(one)) is None
                        or not await _start(one, store, workflows)
                    ]
                    if waiting:
                        await changed.wait()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    for one in waiting:
        _fail(one, store, f"the namespace {cluster_namespace(one)} is gone with the last server")


def _moved(run: Run, store: PipelineStore) -> Run:
    if run.state == "CANCELING":
        return store.runs.save(_in_state(run, "FAILED"))
    return store.runs.save(_in_state(replace(run, generation=run.generation + 1), "PENDING"))


async def _start(run: Run, store: PipelineStore, workflows: Workflows) -> bool:
    if run.state == "FAILED":
        return True
    try:
        if run.id in store.runs:
            await workflows.create(run)
    except ApiError as error:
        if error.not_found:
            return False  # it came and went, or its parts are not there yet
        _fail(run, store, error.message)
    else:
        if run.id not in store.runs:  # deleted before there was a Workflow to delete
            await workflows.delete(run)
    return True


def _fail(run: Run, store: PipelineStore, why: str) -> None:
    if run.id not in store.runs:
        return  # deleted meanwhile
    log.warning("run %s does not go on: %s", run.id, why)
    store.runs.save(_in_state(run, "FAILED"))


def _in_state(run: Run, state: str) -> Run:
    change = StateChange(state, now())
    finished = change.time if state in FINAL_STATES else None
    return replace(run, state=state, history=(*run.history, change), finished_at=finished)
