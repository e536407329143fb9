"""The webhook of PodDefaults: an HTTPS server that the API server asks about pods.

Words: kubeflow/dashboard components/poddefaults-webhooks/main.go.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.controllers.selector import selects
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import POD_DEFAULTS
from pytest_kubeflow.local.poddefaults.conflicts import ConflictError
from pytest_kubeflow.local.poddefaults.merge import PREFIX, merged
from pytest_kubeflow.local.webhooks.admission import allowed, changed, review

PATH = "/apply-poddefault"
_MIRROR = "kubernetes.io/config.mirror"


class PodDefaultsWebhook:
    """Adds what the PodDefaults of a pod's namespace say to the pod, or refuses it.

    While they are `ignored` it allows each pod as it is.
    """

    def __init__(self, client: KubeClient, *, ignored: Callable[[], bool] = lambda: False) -> None:
        self._client = client
        self._ignored = ignored
        self.app = Starlette(routes=[Route(PATH, self._review, methods=["POST"])])

    async def _review(self, request: Request) -> Response:
        return await review(request, self._response)

    async def _response(self, asked: Object) -> Object:
        pod = asked["object"]
        annotations = pod["metadata"].get("annotations") or {}
        is_excluded = annotations.get(f"{PREFIX}/exclude") == "true" or _MIRROR in annotations
        if is_excluded or self._ignored():
            return allowed()
        namespace = pod["metadata"].get("namespace") or asked["namespace"]
        try:
            listed = (await self._client.list(POD_DEFAULTS, namespace))["items"]
        except ApiError as error:
            return _refused(error.message)
        except ApiUnreachableError as error:
            return _refused(str(error))
        labels = pod["metadata"].get("labels") or {}
        fitting = [one for one in listed if selects(one["spec"]["selector"], labels)]
        if not fitting:
            return allowed()
        try:
            after = merged(pod, fitting)
        except ConflictError as error:
            names = ",".join(one["metadata"]["name"] for one in fitting)
            name = pod["metadata"].get("name", "")
            what = f"conflict occurred while applying poddefaults: {names} on pod: {name}"
            return _refused(f"{what} err: {error}")
        return changed(pod, after)


def _refused(message: str) -> Object:
    return {"allowed": False, "status": {"message": message}}
