"""Requests for what is deleted while Kubernetes is asked whether they may."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.pipelines.api.app import make_app
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.errors import RequestError
from pytest_kubeflow.local.pipelines.api.experiments import ExperimentService
from pytest_kubeflow.local.pipelines.api.pipelines import PipelineService
from pytest_kubeflow.local.pipelines.api.recurring import RecurringRunService
from pytest_kubeflow.local.pipelines.api.runs import RunService
from pytest_kubeflow.local.pipelines.api.submission import Submissions, new_run
from pytest_kubeflow.local.pipelines.api.uploads import UploadService
from pytest_kubeflow.local.pipelines.api.versions import VersionService
from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    Pipeline,
    PipelineStore,
    PipelineVersion,
    RecurringRun,
    Submission,
    Table,
)
from pytest_kubeflow.local.pipelines.workflows import Workflows
from tests.local.pipelines.wellformed import DEFAULTS

TABLES = ("experiments", "pipelines", "versions", "runs", "recurring_runs")


class Review:
    """An Access that lets everybody in, once `meanwhile` has been called."""

    multi_user = True

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    async def require(self, *_: Any) -> None:
        await asyncio.sleep(0)
        self._meanwhile()


class Cluster:
    """A KubeClient that calls `meanwhile`, then creates or refuses; notes what it deletes."""

    def __init__(self, meanwhile: Callable[[], None], *, refuses: bool = False) -> None:
        self._meanwhile = meanwhile
        self._refuses = refuses
        self.deleted: list[str] = []

    async def create(self, _: Any, obj: Any) -> Any:
        await asyncio.sleep(0)
        self._meanwhile()
        if self._refuses:
            raise ApiError(500, "InternalError", "no")
        return obj

    async def delete(self, _: Any, name: str, *__: Any, **___: Any) -> None:
        self.deleted.append(name)


def filled() -> tuple[PipelineStore, dict[str, str]]:
    """A store with one record of each kind, and their ids."""
    store, document = PipelineStore(), PipelineDocument.from_struct(DEFAULTS)
    experiment = store.experiments.save(Experiment("e", "ns"))
    pipeline = store.pipelines.save(Pipeline("p", namespace="ns"))
    version = store.versions.save(PipelineVersion(pipeline.id, "v", document))
    wanted = Submission(experiment.id, "ns", document, {}, "default-editor")
    run = store.runs.save(new_run(wanted, "r"))
    recurring = store.recurring_runs.save(RecurringRun("j", wanted, Schedule(interval=60), "j"))
    records = (experiment, pipeline, version, run, recurring)
    return store, dict(zip(TABLES, (one.id for one in records), strict=True))


def emptied(store: PipelineStore) -> None:
    for table in TABLES:
        Table.clear(getattr(store, table))


def answer(
    store: PipelineStore, meanwhile: Callable[[], None], method: str, path: str, **more: Any
) -> int:
    """The status that the API answers, with `meanwhile` called by each review."""
    client: Any = Cluster(lambda: None)
    access: Any = Review(meanwhile)
    context = Context(store, access, client, Faults())
    workflows = Workflows(client)
    submissions = Submissions(context, workflows)
    pipelines = PipelineService(context)
    versions = VersionService(context, pipelines)
    services = (
        UploadService(context, pipelines, versions),
        pipelines,
        versions,
        ExperimentService(context),
        RunService(context, workflows, submissions),
        RecurringRunService(context, workflows, submissions),
    )
    app = make_app(context, [route for one in services for route in one.routes()])

    async def ask() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            return (await http.request(method, f"/apis/v2beta1/{path}", **more)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("POST", f"runs/{{runs}}:{verb}", 404) for verb in ("archive", "terminate", "retry")),
        ("DELETE", "runs/{runs}", 404),
        *(("POST", f"recurringruns/{{recurring_runs}}:{v}", 404) for v in ("enable", "disable")),
        ("DELETE", "recurringruns/{recurring_runs}", 404),
        ("POST", "experiments/{experiments}:archive", 404),
        ("DELETE", "experiments/{experiments}", 404),
        ("DELETE", "pipelines/{pipelines}", 404),
        ("PATCH", "pipelines/{pipelines}", 404),
        *((method, "pipelines/x/versions/{versions}", 404) for method in ("DELETE", "PATCH")),
        ("POST", "pipelines/upload_version?pipelineid={pipelines}", 400),
    ],
)
def test_what_is_gone_stays_gone(method: str, path: str, status: int) -> None:
    store, ids = filled()
    package = {"uploadfile": ("p.json", json.dumps(DEFAULTS).encode())}
    more = {"files": package} if "upload" in path else {}
    answered = answer(store, lambda: emptied(store), method, path.format(**ids), **more)
    assert answered == status
    assert {table: len(getattr(store, table)) for table in TABLES} == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize("refuses", [False, True])
def test_a_run_deleted_while_it_is_submitted_leaves_no_workflow(refuses: bool) -> None:
    store, ids = filled()
    run = store.runs[ids["runs"]]
    client: Any = Cluster(lambda: emptied(store), refuses=refuses)
    access: Any = Review(lambda: None)
    context = Context(store, access, client, Faults())
    submissions = Submissions(context, Workflows(client))

    expected = pytest.raises(RequestError, match="no") if refuses else contextlib.nullcontext()
    with expected:
        asyncio.run(submissions.submit(run))
    assert not store.runs
    assert client.deleted == ([] if refuses else [run.workflow])
