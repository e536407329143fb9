"""What is common to all answers of the API."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.pipelines.api.access import Access
from pytest_kubeflow.local.pipelines.api.app import make_app
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.store import PipelineStore


class Nobody(KubeClient):
    def __init__(self) -> None: ...


class Everybody(Access):
    def __init__(self) -> None:
        self.multi_user = True


async def broken(_: Request) -> Response:
    raise KeyError("a slip")


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine")


def test_a_slip_is_answered_and_told(caplog: pytest.LogCaptureFixture) -> None:
    context = Context(PipelineStore(), Everybody(), Nobody(), Faults())
    app = make_app(context, [Route("/broken", broken), Route("/fine", fine)])

    async def ask() -> list[httpx.Response]:
        # It raises what the application raises: a server would close the connection then.
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            return [await http.get("/broken"), await http.get("/fine")]

    with caplog.at_level(logging.ERROR):
        refused, answered = asyncio.run(ask())
    assert refused.status_code == 500
    assert refused.json()["code"] == 13
    assert "a slip" in refused.json()["message"]
    assert "GET /broken failed" in caplog.text
    assert answered.text == "fine"
