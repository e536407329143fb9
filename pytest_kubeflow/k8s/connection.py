"""The official client's connection, with our retry policy and a timeout on every call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.k8s.credentials import Credentials
from pytest_kubeflow.k8s.sessions.ownership import is_ours
from pytest_kubeflow.retries.evidence import attempt_seconds
from pytest_kubeflow.retries.outage import Outage, Unusable
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import PAGE_SECONDS, is_empty, is_json, is_whole_json, page_in
from pytest_kubeflow.waiting import current_deadline

if TYPE_CHECKING:
    from kubernetes import client as api

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
_LEAST_CONNECT, _LEAST_READ = 3.0, 10.0
"""What an attempt gets even where the caller's deadline is nearer."""

_RANDOM = re.compile(r"-[0-9a-f]{8,}$")
"""The end of the names that Ownership.name and others make."""


def make_connection(settings: Any, policy: RetryPolicy, credentials: Credentials) -> api.ApiClient:
    """An ApiClient with these settings (a `kubernetes.client.Configuration`).

    `credentials` is told what is sent and received.

    All typed APIs, the dynamic client and kserve's SDK call its method `request`.
    """
    from kubernetes.client import ApiClient, ApiException
    from urllib3.exceptions import HTTPError

    made: set[str] = set()

    class Connection(ApiClient):  # type: ignore[misc]  # the base class has no types
        """Repeats what was not answered, as the policy says.

        A create that is refused as "already exists" was done if an attempt before it was lost, or
        if its name is a random one of ours, which nobody but a mesh that repeats requests by itself
        can have sent: the object that is there is its result, if it has our labels. A name that was
        made here before is given a second time by whoever calls: that is refused.
        """

        def request(self, method: str, url: str, **kwargs: Any) -> Any:
            given = kwargs.get("_request_timeout")
            place = f"{url}/{_name(kwargs)}" if method == "POST" else url
            lost = False

            def attempt() -> Any:
                nonlocal lost
                kwargs["_request_timeout"] = _of_attempt(_timeouts() if given is None else given)
                try:
                    if _is_stream(kwargs):
                        return request(method, url, **kwargs)
                    return policy.watched(
                        method, url, lambda: _from_the_api(request(method, url, **kwargs))
                    )
                except (ApiException, HTTPError, OSError, Unusable) as error:
                    own = _is_random(kwargs) and place not in made
                    if method == "POST" and _exists(error) and (lost or own):
                        found = self._created(url, kwargs)
                        if found is not None:
                            return found
                    outage = policy.judge(error)
                    lost = lost or (outage is not None and outage.ambiguous)
                    raise

            request = super().request
            credentials.sent(kwargs.get("headers"))
            response = policy.repeat(attempt, at_most=_seconds(given))
            if method == "POST":
                made.add(place)
            elif method == "DELETE":
                made.discard(place)
            if not _is_stream(kwargs):
                credentials.received(url, response)
            return response

        def _created(self, url: str, sent: Mapping[str, Any]) -> Any:
            """The object that an earlier attempt has made; None if it is not that one."""
            name, labels = _name(sent), _metadata(sent).get("labels") or {}
            if not name or not is_ours(labels):
                return None
            same = {key: sent[key] for key in ("headers", "_request_timeout") if key in sent}
            try:
                found = self.request("GET", f"{url}/{name}", **same)
            except ApiException as error:
                if error.status == 404:
                    return None
                raise
            there = json.loads(found.data)["metadata"].get("labels") or {}
            return found if labels.items() <= there.items() else None

    return Connection(settings)


def _from_the_api(response: Any) -> Any:
    """`response`, read to its end, if an API server may have sent it.

    None answers with a page of HTML, half an object, or one without fields. Raises Unusable.
    """
    raw = getattr(response, "urllib3_response", response)  # of one that is not read yet
    headers, data = dict(raw.headers), response.data
    if (outage := page_in(response.status, headers, data)) is not None:
        raise Unusable(outage)
    if is_json(headers) and (not is_whole_json(data) or is_empty(data)):
        message = f"with status {response.status}, what is no object of Kubernetes: {data[:100]!r}"
        raise Unusable(Outage(message, "no JSON", within=PAGE_SECONDS))
    return response


def _metadata(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    body = sent.get("body")
    return (body.get("metadata") or {}) if isinstance(body, Mapping) else {}


def _name(sent: Mapping[str, Any]) -> str:
    return str(_metadata(sent).get("name") or "")


def _is_random(sent: Mapping[str, Any]) -> bool:
    """Whether a create is of an object whose name nobody else can have given."""
    return _RANDOM.search(_name(sent)) is not None


def _is_stream(sent: Mapping[str, Any]) -> bool:
    """Whether a watch or a log that is followed is asked for: their responses have no end."""
    return not {"watch", "follow"}.isdisjoint(dict(sent.get("query_params") or ()))


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


def _of_attempt(timeouts: Any) -> Any:
    """The same, a number or a pair, or less where evidence is read."""
    if isinstance(timeouts, tuple):
        return tuple(None if one is None else attempt_seconds(one) for one in timeouts)
    return attempt_seconds(timeouts)


def _seconds(given: Any) -> float | None:
    """What a call's own timeout, as the official client takes it, leaves for all attempts."""
    if given is None:
        return None
    return float(sum(given) if isinstance(given, tuple) else given)
