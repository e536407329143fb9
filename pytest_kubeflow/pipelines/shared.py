"""Shared pipelines: whether we could remove one, asked before one is uploaded.

Uploads of pipelines without a namespace are open to all users of a multi-user KFP, while creating,
changing and deleting them is authorized in KFP's own namespace
(backend/src/apiserver/server/pipeline_server.go, authorizePipelineAccess).
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.pipelines.client import calling
from pytest_kubeflow.pipelines.transport import policy_of

_NO_URL = "pytest-kubeflow-asks-for-its-rights"
_INVALID = 400


def require_shared(client: Any) -> None:
    """Raise PermissionDenied, in KFP's words, unless we may write shared pipelines.

    The request is one that can make nothing: to create a pipeline from a URL that is none. Whether
    we may is judged before the URL is. A DELETE of an id that nobody has is no such question: that
    there is nothing is found out first. KFP's roles give the verbs create and delete together.
    """
    from kfp_server_api import (
        ApiException,
        V2beta1CreatePipelineAndVersionRequest,
        V2beta1Pipeline,
        V2beta1PipelineVersion,
        V2beta1Url,
    )

    body = V2beta1CreatePipelineAndVersionRequest(
        pipeline=V2beta1Pipeline(display_name=_NO_URL),
        pipeline_version=V2beta1PipelineVersion(package_url=V2beta1Url(pipeline_url=_NO_URL)),
    )

    def ask() -> None:
        try:
            client._pipelines_api.pipeline_service_create_pipeline_and_version(body=body)
        except ApiException as error:
            # For its URL: who has no rights is refused for that.
            if error.status != _INVALID:
                raise

    with calling("create and delete shared pipelines"):
        policy_of(client).repeat(ask)  # it makes nothing, however often it is asked
