"""`calling`: the errors of Kubernetes calls, as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_kubeflow.errors import (
    AdmissionRefused,
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.admission import refusal
from pytest_kubeflow.k8s.retry_policy import ApiOutage
from pytest_kubeflow.network_errors import innermost
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    from kubernetes import client as api

_LONGEST = 2000
"""Characters of a refusal: those of admission name each field that is wrong."""


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn the errors of Kubernetes calls inside into ours. `what` completes "cannot ..."."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _translated(error, what) from error
    except ApiOutage as error:
        raise ClusterUnreachable(f"cannot {what}: {error.message}") from error
    except HTTPError as error:
        raise ClusterUnreachable(
            f"cannot {what}: the Kubernetes API does not answer ({innermost(error)})"
        ) from error


def _translated(error: api.ApiException, what: str) -> KubeflowError:
    found = words_of(error.body, longest=_LONGEST) or words_of(error.reason)
    kinds = {401: AuthenticationError, 403: PermissionDenied, 404: NotFound}
    kind = kinds.get(error.status, KubeflowError)
    message = f"cannot {what}: Kubernetes answers {error.status}: {found}"
    if (refused := refusal(error.status, found, pod=what.startswith("create pod "))) is not None:
        return AdmissionRefused(f"{message}; {refused}", passing=refused.passing)
    return kind(message)
