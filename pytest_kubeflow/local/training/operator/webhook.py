"""The operator's webhook: an HTTPS server that the API server asks about PyTorchJobs."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.admission import allowed, forbidden, review
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.operator.validation import job_errors

PATH = "/validate-kubeflow-org-v1-pytorchjob"


def operator_webhook() -> Starlette:
    """An ASGI application for it."""

    async def validate(request: Request) -> Response:
        return await review(request, _validate)

    return Starlette(routes=[Route(PATH, validate, methods=["POST"])])


async def _validate(asked: Object) -> Object:
    errors = list(job_errors(asked["object"]))
    return forbidden(goerrors.aggregate(errors)) if errors else allowed()
