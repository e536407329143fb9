"""KServe's webhook server: an HTTPS server that the API server asks about InferenceServices."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.validation import refusal

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
    try:
        review = parse_json(await request.body())
        asked = review["request"]
        why = refusal(asked["object"], asked.get("oldObject"))
        uid = asked["uid"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return PlainTextResponse(f"no admission review: {error!r}", 400)
    response: Object = {"uid": uid, "allowed": why is None}
    if why is not None:
        # As controller-runtime makes it of a refusal.
        response["status"] = {"code": 403, "reason": "Forbidden", "message": why}
    return JSONResponse(
        {"apiVersion": review.get("apiVersion"), "kind": "AdmissionReview", "response": response}
    )
