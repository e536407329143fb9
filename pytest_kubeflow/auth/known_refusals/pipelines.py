"""What the pipelines API answers to who has no user (kubeflow/pipelines, apiserver/auth)."""

from __future__ import annotations

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import AuthenticationError

PIPELINES: tuple[Known, ...] = (
    Known(
        401,
        r"no user identity header|there is no '[\w-]+' header|User identity is empty",
        AuthenticationError,
        "the request reaches the pipelines API without the header that names the user: the "
        "gateway sets another one than the API reads (KUBEFLOW_USERID_HEADER of ml-pipeline, "
        "kubeflow-userid by default), or this address bypasses the gateway, where a token for "
        "the audience pipelines.kubeflow.org is needed",
    ),
)
