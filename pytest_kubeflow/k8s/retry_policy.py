"""How the retry policy takes the answers of a Kubernetes API server, and what it raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import Outage
from pytest_kubeflow.retries.policy import MAX_OUTAGE, RetryPolicy
from pytest_kubeflow.retries.statuses import fields_of, outage_in, retry_after

if TYPE_CHECKING:
    from kubernetes.client import ApiException

CLIENT = "Kubernetes"

_SETTLING = 10.0
"""Seconds after an outage in which 401 and 403 are asked again.

An API server that has just started does not know all roles and accounts yet: "RBAC:
role.rbac.authorization.k8s.io ... not found".
"""


class ApiOutage(ClusterUnreachable):
    """The Kubernetes API did not answer for as long as the caller can wait."""


def kubernetes_policy(max_outage: float = MAX_OUTAGE) -> RetryPolicy:
    """For one API server."""
    return RetryPolicy(CLIENT, max_outage, judge=api_outage, gave_up=_gave_up, settling=_SETTLING)


def api_outage(error: BaseException) -> Outage | None:
    """What an error of a call says of the API's availability."""
    from kubernetes.client import ApiException

    if isinstance(error, ApiException) and error.status:
        return _answered(error)
    return outage_of(error)


def _answered(error: ApiException) -> Outage | None:
    headers = dict(error.headers or {})
    details = fields_of(error.body).get("details")
    kind = details.get("kind") if isinstance(details, dict) else None
    if error.status == 409 and kind == "resourcequotas":
        # Not the object that was to be made, but the count of the quota that it is charged to.
        message = f"it answers 409: {words_of(error.body)}"
        return Outage(
            message, "409", silent=False, ambiguous=False, retry_after=retry_after(headers)
        )
    return outage_in(error.status, headers, error.body or error.reason)


def _gave_up(outage: Outage, waited: float) -> ApiOutage:
    if waited < 1:
        return ApiOutage(f"the Kubernetes API does not answer: {outage.reason}")
    how = "not answered" if outage.silent else "refused"
    return ApiOutage(f"the Kubernetes API has {how} for {waited:.0f} s: {outage.reason}")
