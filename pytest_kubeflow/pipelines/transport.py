"""What is below a kfp.Client: timeouts, the retry policy, responses that are not the API's.

The generated client has neither timeouts nor attempts, and no settings for them; what is no JSON it
takes for an empty object.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError
from pytest_kubeflow.network_errors import chain
from pytest_kubeflow.pipelines.behind import SETTLING, outage_behind
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.evidence import attempt_seconds
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import Outage, carried_by
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import PAGE_SECONDS, is_empty, is_whole_json, outage_in

CLIENT = "pipelines"

MAX_OUTAGE = 120.0
"""Seconds: as long as the Kubernetes API may be away, without which the pipelines do nothing."""

_TIMEOUT = (10.0, 60.0)
# A deletion that got through before its response was lost is answered by 404 the next time.
_SAFE = frozenset({"GET", "DELETE"})
_COLLECTIONS = frozenset(
    {"experiments", "healthz", "pipelines", "recurringruns", "runs", "versions"}
)


class NotTheApi(ClusterUnreachable):
    """Something on the way has answered with success in the API's place."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.outage = Outage(message, "not the API's", within=PAGE_SECONDS)


def pipelines_policy(max_outage: float = MAX_OUTAGE) -> RetryPolicy:
    """For one kfp.Client. It is Kubernetes that its API asks who may do what."""
    return RetryPolicy(CLIENT, max_outage, judge=_judge, settling=SETTLING)


def policy_of(client: Any) -> RetryPolicy:
    """The policy of a client that `harden` has seen, for operations that are more than a call."""
    policy = getattr(client, "retry_policy", None)
    return policy if isinstance(policy, RetryPolicy) else pipelines_policy()


def harden(client: Any, policy: RetryPolicy | None = None) -> None:
    """Give every call of a kfp.Client a timeout and the policy.

    What is neither read nor deleted is not asked again where it may have been done. A response that
    is no JSON, or an empty object where there must be something in it, raises NotTheApi.
    """
    client.retry_policy = policy = policy or pipelines_policy()
    rest = client._run_api.api_client.rest_client
    send = rest.request

    def request(method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        given = kwargs.get("_request_timeout") or _TIMEOUT
        timeouts = given if isinstance(given, tuple) else (given, given)

        def once() -> Any:
            # What is sent adds to the headers, and takes some away.
            sent = {**kwargs, "headers": dict(kwargs.get("headers") or {})}
            sent["_request_timeout"] = tuple(map(attempt_seconds, timeouts))
            response = send(method, url, *args, **sent)
            _check(method, url, response)
            return response

        return policy.repeat(lambda: policy.watched(method, url, once), safe=method in _SAFE)

    rest.request = request


def _judge(error: BaseException) -> Outage | None:
    """What an error of a call says, or of an operation that has translated it."""
    import kfp_server_api

    for cause in chain(error):
        if (outage := carried_by(cause)) is not None:
            return outage
        if isinstance(cause, kfp_server_api.ApiException) and cause.status:
            said = (cause.status, dict(cause.headers or {}), cause.body)
            return outage_in(*said) or outage_behind(*said)
    if not isinstance(error, KubeflowError):
        return outage_of(error)
    return outage_of(error.__cause__) if error.__cause__ is not None else None


def _check(method: str, url: str, response: Any) -> None:
    """Raises NotTheApi for what the API does not answer."""
    body = response.data
    last = urlsplit(url).path.rpartition("/")[2]
    if method == "DELETE" or ":" in last:
        # An action is answered by an empty object, and by some gateways with nothing at all.
        fits = is_empty(body) or is_whole_json(body)
    else:
        may_be_empty = method == "GET" and last in _COLLECTIONS
        fits = is_whole_json(body) and (may_be_empty or not is_empty(body))
    if fits:
        return
    if is_whole_json(body):
        raise NotTheApi(f"the pipelines API answers {response.status} with an empty object")
    raise NotTheApi(
        f"what answers {response.status} is not the pipelines API, but "
        f"'{words_of(response.data, longest=200)}': is a login or a proxy on the way?"
    )
