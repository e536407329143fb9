"""SubjectAccessReviews, as an API server answers them that knows all rights."""

from __future__ import annotations

import asyncio
import time

from pytest_kubeflow.local.kube.client import KubeClient, Object

_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_PAUSE = 0.5
_LONGEST = 60.0


async def review_access(client: KubeClient, spec: Object) -> Object:
    """The status of a review of `spec`. Raises ApiError, ApiUnreachableError.

    An API server that has just started denies what it has not read yet. It is asked again until it
    says that it is ready, for a minute at most.
    """
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    ends = time.monotonic() + _LONGEST
    while True:
        settling = await client.settles()
        review = await client.request("POST", _PATH, body={**kind, "spec": spec})
        status: Object = review.get("status") or {}
        if status.get("allowed") or not settling or time.monotonic() > ends:
            return status
        await asyncio.sleep(_PAUSE)
