"""Admission reviews: what the API server asks webhooks, and how they answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.kube.client import Object


async def review(request: Request, respond: Callable[[Object], Awaitable[Object]]) -> Response:
    """The answer to a review, of whose request `respond` makes the response without its uid."""
    try:
        asked = parse_json(await request.body())
        inner = asked["request"]
        response = {"uid": inner["uid"], **await respond(inner)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return PlainTextResponse(f"no admission review: {error!r}", 400)
    kinds = {"apiVersion": asked.get("apiVersion"), "kind": "AdmissionReview"}
    return JSONResponse({**kinds, "response": response})


def allowed() -> Object:
    """As it is."""
    return {"allowed": True}


def forbidden(message: str) -> Object:
    """A refusal as controller-runtime makes it."""
    return {
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": message},
    }


def changed(before: Object, after: Object) -> Object:
    """Allowed, with a JSON patch of metadata and spec that makes `after` of `before`."""
    patch = base64.b64encode(json.dumps(_patch(before, after)).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": patch}


def _patch(before: Object, after: Object) -> list[Object]:
    patch: list[Object] = []
    for part in ("metadata", "spec"):
        if part not in before and part in after:
            patch.append({"op": "add", "path": f"/{part}", "value": after[part]})
            continue
        for field, value in after.get(part, {}).items():
            if before[part].get(field) != value:
                patch.append(_operation(part, field, value, there=field in before[part]))
    return patch


def _operation(part: str, field: str, value: Any, *, there: bool) -> Object:
    return {"op": "replace" if there else "add", "path": f"/{part}/{field}", "value": value}
