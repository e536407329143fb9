"""Access: who sends a request, and whether they may.

As the real server: the user comes from the gateway's header or from a bearer token that TokenReview
confirms for our audience; rights are asked from Kubernetes by SubjectAccessReview
(backend/src/apiserver/auth, resource/resource_manager.go IsAuthorized). The header counts only
with the gateway's secret beside it, which is what Istio's AuthorizationPolicy does elsewhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from dataclasses import dataclass, field

from starlette.requests import Request

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.accessreview import review_access
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError
from pytest_kubeflow.local.pipelines.settings import AUDIENCE

USER_HEADER = "kubeflow-userid"
SECRET_HEADER = "x-gateway-secret"  # noqa: S105 the name of a header
_GROUPS = {"viewers": "kubeflow.org"}
"""Groups of resources that are not the pipelines' own (server/auth_server.go)."""

_REVIEW_TOKEN = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 a path


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; `extra` is what the token says besides, e.g. the pod that it is for."""

    user: str
    extra: dict[str, list[str]] = field(default_factory=dict)


class Access:
    """Authentication and authorization; stand-alone (`multi_user` False) lets everybody in."""

    def __init__(
        self,
        client: KubeClient,
        *,
        multi_user: bool,
        gateway_secret: str | None,
        faults: Faults,
    ) -> None:
        self.multi_user = multi_user
        self._faults = faults
        self._client = client
        self._secret = gateway_secret

    async def caller(self, request: Request) -> Caller:
        """Who sent the request. RequestError: nobody that we can be sure of."""
        headers = request.headers
        if user := headers.get(USER_HEADER):
            given = headers.get(SECRET_HEADER, "")
            if self._secret is not None and hmac.compare_digest(given, self._secret):
                return Caller(user)
        return await self.token_owner(request)

    async def token_owner(self, request: Request) -> Caller:
        """The owner of the request's bearer token. RequestError: there is none, or it is bad."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise RequestError(
                Code.UNAUTHENTICATED,
                "Failed to check authorization. User identity is empty in the request header",
                cause=f"Request header error: there is no '{USER_HEADER}' header.",
            )
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [AUDIENCE]},
        }
        asked = self._client.request("POST", _REVIEW_TOKEN, body=body)
        status = (await self._described("TokenReview", asked)).get("status") or {}
        if not status.get("authenticated"):
            raise RequestError(
                Code.UNAUTHENTICATED,
                f"Review.Status.Authenticated is false. Error {status.get('error', '')}",
                cause="Failed to authenticate token review",
            ).wrap("Authentication failure")
        if AUDIENCE not in (status.get("audiences") or []):
            raise RequestError(
                Code.UNAUTHENTICATED,
                f"Failed to find all of '[{AUDIENCE}]' in audience: {status.get('audiences')}",
                cause="Failed to authenticate token review",
            ).wrap("Authentication failure")
        user = status["user"]
        return Caller(user["username"], user.get("extra") or {})

    async def require(self, request: Request, verb: str, resource: str, namespace: str) -> None:
        """RequestError unless the sender may do `verb` on `resource` in `namespace`."""
        if not self.multi_user or self._faults.active("pipelines-open"):
            return
        user = (await self.caller(request)).user
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": _GROUPS.get(resource, "pipelines.kubeflow.org"),
            "version": "v1beta1",
            "resource": resource,
        }
        spec = {"resourceAttributes": attributes, "user": user}
        status = await self._described("SubjectAccessReview", review_access(self._client, spec))
        if not status.get("allowed"):
            shown = "".join(f"{key.capitalize()}:{value}," for key, value in attributes.items())
            raise RequestError(
                Code.PERMISSION_DENIED,
                f"User '{user}' is not authorized with reason: {status.get('reason', '')} "
                f"(request: &ResourceAttributes{{{shown}Subresource:,Name:,}})",
                cause="Unauthorized access",
            )

    async def _described(self, kind: str, asked: Awaitable[Object]) -> Object:
        try:
            return await asked
        except (ApiError, ApiUnreachableError) as error:
            raise RequestError(
                Code.INTERNAL, "Internal Server Error", cause=f"Failed to create {kind}: {error}"
            ) from None
