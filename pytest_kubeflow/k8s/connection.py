"""The official client's connection, with our retry policy and a timeout on every call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.k8s.credentials import Credentials
from pytest_kubeflow.k8s.ownership import is_ours
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.outage import outage_of
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.waiting import current_deadline

if TYPE_CHECKING:
    from kubernetes import client as api

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
_LEAST_CONNECT, _LEAST_READ = 3.0, 10.0
"""What an attempt gets even where the caller's deadline is nearer."""


def make_connection(settings: Any, policy: RetryPolicy, credentials: Credentials) -> api.ApiClient:
    """An ApiClient with these settings (a `kubernetes.client.Configuration`).

    `credentials` is told what is sent and received.

    All typed APIs, the dynamic client and kserve's SDK call its method `request`.
    """
    from kubernetes.client import ApiClient, ApiException
    from urllib3.exceptions import HTTPError

    class Connection(ApiClient):  # type: ignore[misc]  # the base class has no types
        """Repeats what was not answered, as the policy says.

        A create whose response was lost and that is then refused as "already exists" was done: the
        object that is there is its result, if it has our labels.
        """

        def request(self, method: str, url: str, **kwargs: Any) -> Any:
            given = kwargs.get("_request_timeout")
            lost = False

            def attempt() -> Any:
                nonlocal lost
                if given is None:
                    kwargs["_request_timeout"] = _timeouts()
                try:
                    return _from_the_api(request(method, url, **kwargs))
                except (ApiException, HTTPError, OSError) as error:
                    if lost and method == "POST" and _exists(error):
                        found = self._created(url, kwargs)
                        if found is not None:
                            return found
                    outage = outage_of(error)
                    lost = lost or (outage is not None and outage.ambiguous)
                    raise

            request = super().request
            credentials.sent(kwargs.get("headers"))
            response = policy.repeat(attempt, at_most=_seconds(given))
            if not _is_stream(kwargs):
                credentials.received(url, response)
            return response

        def _created(self, url: str, sent: Mapping[str, Any]) -> Any:
            """The object that an earlier attempt has made; None if it is not that one."""
            metadata = (sent.get("body") or {}).get("metadata") or {}
            name, labels = metadata.get("name"), metadata.get("labels") or {}
            if not name or not is_ours(labels):
                return None
            same = {key: sent[key] for key in ("headers", "_request_timeout") if key in sent}
            found = self.request("GET", f"{url}/{name}", **same)
            there = json.loads(found.data)["metadata"].get("labels") or {}
            return found if labels.items() <= there.items() else None

    return Connection(settings)


def _from_the_api(response: Any) -> Any:
    """`response`, if an API server may have sent it: none answers with a page of HTML.

    Raises urllib3's HTTPError, so that it counts as an answer that was lost on the way.
    """
    from urllib3.exceptions import HTTPError

    raw = getattr(response, "urllib3_response", response)  # of one that is not read yet
    kind = raw.headers.get("Content-Type", "")
    if kind.partition(";")[0].strip().lower() == "text/html":
        told = words_of(response.data, longest=200)
        raise HTTPError(f"a page of HTML with status {response.status}: '{told}'")
    return response


def _is_stream(sent: Mapping[str, Any]) -> bool:
    """Whether a watch is asked for, whose response has no end."""
    return "watch" in dict(sent.get("query_params") or ())


def _exists(error: Exception) -> bool:
    return getattr(error, "status", None) == 409 and "AlreadyExists" in str(error.body)  # type: ignore[attr-defined]


def _timeouts() -> tuple[float, float]:
    """Seconds to connect and to read, of one attempt."""
    deadline = current_deadline()
    if deadline is None:
        return CONNECT_TIMEOUT, READ_TIMEOUT
    return (
        max(_LEAST_CONNECT, deadline.at_most(CONNECT_TIMEOUT)),
        max(_LEAST_READ, deadline.at_most(READ_TIMEOUT)),
    )


def _seconds(given: Any) -> float | None:
    """What a call's own timeout, as the official client takes it, leaves for all attempts."""
    if given is None:
        return None
    return float(sum(given) if isinstance(given, tuple) else given)
