"""The operator's webhook: an HTTPS server that the API server asks about its jobs.

MPIJobs are not asked about: what is wrong with one is told in an event.
"""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.kube import Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PYTORCH_JOBS, TF_JOBS
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.operator.pytorch.validation import pytorch_job_errors
from pytest_kubeflow.local.training.operator.tensorflow.validation import tf_job_errors
from pytest_kubeflow.local.training.operator.validation import JobErrors
from pytest_kubeflow.local.webhooks.admission import allowed, forbidden, review

_ERRORS: dict[Resource, JobErrors] = {PYTORCH_JOBS: pytorch_job_errors, TF_JOBS: tf_job_errors}
VALIDATED = tuple(_ERRORS)
"""The kinds that it is asked about."""


def path_of(resource: Resource) -> str:
    """Where it is asked about a kind."""
    return f"/validate-kubeflow-org-v1-{resource.kind.lower()}"


def operator_webhook() -> Starlette:
    """An ASGI application for it."""
    return Starlette(
        routes=[
            Route(path_of(resource), partial(_answer, errors), methods=["POST"])
            for resource, errors in _ERRORS.items()
        ]
    )


async def _answer(errors: JobErrors, request: Request) -> Response:
    async def validate(asked: Object) -> Object:
        found = list(errors(asked.get("oldObject"), asked["object"]))
        return forbidden(goerrors.aggregate(found)) if found else allowed()

    return await review(request, validate)
