"""The API while Kubernetes is away: as the real server, it passes on what its client says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Credentials, KubeClient
from pytest_kubeflow.local.pipelines.api.access import Access
from pytest_kubeflow.local.pipelines.api.app import make_app
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.runs import RunService
from pytest_kubeflow.local.pipelines.api.submission import Submissions, new_run
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import Experiment, PipelineStore, Run, Submission
from pytest_kubeflow.local.pipelines.workflows import Workflows
from tests.local.pipelines.wellformed import DEFAULTS

_NOWHERE = "http://127.0.0.1:1"
_GO = "dial tcp 127.0.0.1:1: connect: connection refused"


def filled() -> tuple[PipelineStore, Run]:
    store = PipelineStore()
    experiment = store.experiments.save(Experiment("e", ""))
    document = PipelineDocument.from_struct(DEFAULTS)
    wanted = Submission(experiment.id, "", document, {}, "pipeline-runner")
    return store, store.runs.save(new_run(wanted, "run"))


def ask(
    store: PipelineStore, method: str, path: str, *, multi_user: bool = False, **more: Any
) -> Any:
    """The error that it answers with."""

    async def asked() -> httpx.Response:
        async with KubeClient(Credentials(_NOWHERE)) as client:
            faults = Faults()
            access = Access(client, multi_user=multi_user, gateway_secret="s", faults=faults)
            context = Context(store, access, client, faults)
            workflows = Workflows(client)
            routes = RunService(context, workflows, Submissions(context, workflows)).routes()
            transport = httpx.ASGITransport(make_app(context, routes))
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
                headers = {"kubeflow-userid": "user", "x-gateway-secret": "s"}
                return await http.request(method, path, headers=headers, **more)

    response = asyncio.run(asked())
    assert response.status_code == 500
    assert _GO in response.json()["message"]
    return response.json()


def test_who_may_is_not_known() -> None:
    found = ask(PipelineStore(), "GET", "/apis/v2beta1/runs?namespace=a", multi_user=True)
    path = "apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert (
        f'Failed to create SubjectAccessReview: Post "{_NOWHERE}/{path}": {_GO}'
        in (found["message"])
    )


def test_a_run_that_was_not_made_is_not_there() -> None:
    store, _ = filled()
    before = dict(store.runs)
    (experiment,) = store.experiments
    body = {
        "display_name": "r",
        "pipeline_spec": DEFAULTS,
        "experiment_id": experiment,
        "runtime_config": {"parameters": {"needed": "text"}},
    }
    found = ask(store, "POST", "/apis/v2beta1/runs", json=body)
    assert "error creating its Workflow: Post " in found["message"]
    assert store.runs == before


@pytest.mark.parametrize(
    ("method", "action", "state"),
    [("POST", ":terminate", "RUNNING"), ("POST", ":retry", "FAILED"), ("DELETE", "", "SUCCEEDED")],
)
def test_what_was_not_done_can_be_asked_for_again(method: str, action: str, state: str) -> None:
    store, run = filled()
    run = store.runs.save(replace(run, state=state))
    ask(store, method, f"/apis/v2beta1/runs/{run.id}{action}")
    assert store.runs[run.id] == run
