"""JobSet's webhooks: an HTTPS server that the API server asks about JobSets and their pods."""

from __future__ import annotations

import copy

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.jobset.defaults import with_defaults
from pytest_kubeflow.local.training.jobset.labels import JOB_SET, NODE_SELECTOR, PRIORITY
from pytest_kubeflow.local.training.jobset.validation import refusal, refused_change
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.spoiling import add_sidecar, webhook_dead
from pytest_kubeflow.local.webhooks.admission import allowed, changed, forbidden, review

DEFAULTING = "/mutate-jobset-x-k8s-io-v1alpha2-jobset"
VALIDATING = "/validate-jobset-x-k8s-io-v1alpha2-jobset"
PODS = "/mutate--v1-pod"


def jobset_webhooks(release: Release, faults: Faults) -> Starlette:
    """An ASGI application for all of them."""

    async def default(request: Request) -> Response:
        if webhook_dead(faults):
            return PlainTextResponse("the webhook is out of order", 503)
        return await review(request, _default)

    async def validate(request: Request) -> Response:
        return await review(request, _validate)

    async def pods(request: Request) -> Response:
        async def marked(asked: Object) -> Object:
            return _pod(asked["object"], release, faults)

        return await review(request, marked)

    return Starlette(
        routes=[
            Route(DEFAULTING, default, methods=["POST"]),
            Route(VALIDATING, validate, methods=["POST"]),
            Route(PODS, pods, methods=["POST"]),
        ]
    )


async def _default(asked: Object) -> Object:
    return changed(asked["object"], with_defaults(asked["object"]))


async def _validate(asked: Object) -> Object:
    before = asked.get("oldObject")
    why = refusal(asked["object"]) if before is None else refused_change(before, asked["object"])
    return forbidden(why) if why else allowed()


def _pod(pod: Object, release: Release, faults: Faults) -> Object:
    """A pod of a JobSet has its priority as a label."""
    after = copy.deepcopy(pod)
    annotations = pod["metadata"].get("annotations") or {}
    marked = JOB_SET in annotations and NODE_SELECTOR not in annotations
    if release.labels_priority and marked and "priority" in pod["spec"]:
        labels = after["metadata"].setdefault("labels", {})
        labels[PRIORITY] = str(pod["spec"]["priority"])
    add_sidecar(faults, after)
    return changed(pod, after)
