"""The retry policy of the gateway's sessions: which of its responses are asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kubeflow.retries.outage import Outage
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import is_html, outage_in, page_in

if TYPE_CHECKING:
    import requests

CLIENT = "gateway"

MAX_OUTAGE = 30.0
"""Seconds: as long as a gateway's pod takes to be replaced."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent twice. A password, for one, is not sent again by itself."""

_JSON = "application/json"


def gateway_policy() -> RetryPolicy:
    """For one session."""
    return RetryPolicy(CLIENT, MAX_OUTAGE)


def outage_in_response(response: requests.Response, *, read: bool) -> Outage | None:
    """What a response says of the gateway's availability. Of one that is not `read`, no words.

    401 is the session's to answer, with another login.
    """
    if response.status_code == 401:
        return None
    headers = response.headers
    wants_json = response.request.headers.get("Accept", "").startswith(_JSON)
    if wants_json and is_html(headers):
        page = page_in(response.status_code, headers, response.content if read else b"")
        if page is not None:
            return page
    return outage_in(response.status_code, headers, response.content if read else b"")
