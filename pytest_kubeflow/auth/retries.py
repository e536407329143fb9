"""The retry policy of the gateway's sessions: which of its responses are asked for again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pytest_kubeflow.auth.loginend import UnknownPage
from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError
from pytest_kubeflow.retries.outage import LostResponse, Outage
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import is_html, outage_in, page_in

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

CLIENT = "gateway"

MAX_OUTAGE = 30.0
"""Seconds: as long as a gateway's pod takes to be replaced."""

_BRIEF = 4096

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods that may be sent twice. A password, for one, is not sent again by itself."""

_REPEATED = "kf_repeated"

_LOGIN_SECONDS = 2.0
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
    read = read or (response.status_code == 500 and _is_brief(response))
    wants_json = response.request.headers.get("Accept", "").startswith(_JSON)
    if wants_json and is_html(headers):
        page = page_in(response.status_code, headers, response.content if read else b"")
        if page is not None:
            return page
    return outage_in(response.status_code, headers, response.content if read else None)


def sent_again(
    session: requests.Session,
    send: Callable[[], requests.Response],
    *,
    safe: bool = False,
    done: Callable[[], bool] | None = None,
    page: bool | Callable[[requests.Response], bool] = True,
) -> requests.Response | None:
    """What `send` gives by `session`, of a method that is not SAFE; again where that was lost.

    What is not `safe` to do twice is sent again only if `done` says that it has not been done.
    None: it was done by a request whose response was lost. With `page=False` a page of HTML is no
    response either; a function says which page is one.
    """
    policy = getattr(session, "policy", None)
    if not isinstance(policy, RetryPolicy):
        return send()

    def attempt() -> requests.Response | bool:
        response = send()
        outage = outage_in_response(response, read=True)
        if outage is None and not (page(response) if callable(page) else page):
            outage = page_in(response.status_code, response.headers, response.content)
        if outage is not None:
            raise LostResponse(outage, response)
        return response

    def look() -> requests.Response | bool | None:
        return True if done is not None and done() else None

    try:
        found = policy.repeat(attempt, safe=safe, done=None if done is None else look)
    except LostResponse as lost:
        found = lost.response
    return None if isinstance(found, bool) else found


def note_repetition(response: requests.Response) -> None:
    """Remember that it answers a request that was sent before, to no avail or with no response."""
    setattr(response, _REPEATED, True)


def is_gone_by_us(response: requests.Response) -> bool:
    """Whether what is not there to be removed was removed by an attempt whose response was lost."""
    missing = response.request.method == "DELETE" and response.status_code == 404
    return missing and getattr(response, _REPEATED, False)


def _is_brief(response: requests.Response) -> bool:
    """Whether a body that nobody has read yet is said to be short, so that it can be."""
    length = response.headers.get("Content-Length", "")
    return length.isdecimal() and int(length) <= _BRIEF


def repeat_login(session: requests.Session, log_in: Callable[[], T]) -> T:
    """What `log_in` returns, which begins anew where it was lost on the way or broke off.

    A password that was refused is a verdict, and is not sent again. What breaks off for good is
    asked for two seconds more, and what ends at an unknown page as often as that says.
    """
    policy = getattr(session, "policy", None)
    if not isinstance(policy, RetryPolicy):
        return log_in()

    def attempt() -> T:
        try:
            return log_in()
        except ClusterUnreachable as error:
            outage = Outage(error.message, "login broke off", within=_LOGIN_SECONDS)
            raise LostResponse(outage, error) from error
        except UnknownPage as error:
            outage = Outage(error.message, "a page of HTML", times=error.times, ambiguous=False)
            raise LostResponse(outage, error) from error

    try:
        return policy.repeat(attempt)
    except LostResponse as lost:
        if isinstance(lost.response, KubeflowError):
            raise lost.response from lost.response.__cause__
        raise
