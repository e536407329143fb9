"""Who may do what by Katib's UI: a SubjectAccessReview for each request, of the user alone.

Words: kubeflow/katib v0.19.0, pkg/ui/v1beta1/authzn.go.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.accessreview import review_access

USER_HEADER = "kubeflow-userid"


class DeniedError(Exception):
    """Nobody asks, or somebody who may not."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Access:
    """Asks as `client`; while it `is_open` nobody is asked."""

    def __init__(self, client: KubeClient, *, is_open: Callable[[], bool]) -> None:
        self._client = client
        self._is_open = is_open

    async def require(
        self,
        request: Request,
        verb: str,
        resource: Resource,
        namespace: str,
        *,
        name: str = "",
        part: str = "",
    ) -> None:
        """The user must be allowed to do that. Raises DeniedError, ApiError."""
        if self._is_open():
            return
        user = request.headers.get(USER_HEADER, "")
        if not user:
            raise DeniedError("user header not present", 401)
        user = user.replace(":", "", 1)
        group, _, version = resource.api_version.rpartition("/")
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": group,
            "version": version,
            "resource": resource.plural,
            "subresource": part,
            "name": name,
        }
        spec = {"user": user, "resourceAttributes": attributes}
        status = await review_access(self._client, spec)
        if status.get("allowed"):
            return
        message = (
            f"User: {user} is not authorized to {verb} {resource.api_version}/{resource.plural}"
        )
        message += f"/{part}" if part else ""
        message += f" in namespace: {namespace}" if namespace else ""
        message += f" ,reason: {status['reason']}" if status.get("reason") else ""
        raise DeniedError(message, 403)
