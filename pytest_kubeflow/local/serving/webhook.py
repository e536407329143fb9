"""KServe's webhook server: an HTTPS server that the API server asks about InferenceServices."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.validation import refusal
from pytest_kubeflow.local.webhooks.admission import allowed, forbidden, review

PATH = "/validate-serving-kserve-io-v1beta1-inferenceservice"


_SILENT_SECONDS = 60.0


def webhook_app(faults: Faults) -> Starlette:
    """An ASGI application."""

    async def validate(request: Request) -> Response:
        if faults.active("webhook-times-out"):
            await asyncio.sleep(_SILENT_SECONDS)
        return await _validate(request)

    return Starlette(routes=[Route(PATH, validate, methods=["POST"])])


async def _validate(request: Request) -> Response:
    return await review(request, _response)


async def _response(asked: Object) -> Object:
    why = refusal(asked["object"], asked.get("oldObject"))
    return allowed() if why is None else forbidden(why)
