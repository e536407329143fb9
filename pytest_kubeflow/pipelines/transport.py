"""What is below a kfp.Client: timeouts, repeated calls, responses that are not the API's.

The generated client has neither timeouts nor attempts, and no settings for them; what is no JSON it
takes for an empty object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.reaching import BUSY
from pytest_kubeflow.response_text import words_of

_TIMEOUT = (10.0, 60.0)
_ATTEMPTS = 6
# A deletion that got through before its response was lost is answered by 404 the next time.
_REPEATABLE = frozenset({"GET", "DELETE"})


class NotTheApi(ClusterUnreachable):
    """Something on the way has answered with success in the API's place."""


def harden(client: Any) -> None:
    """Give every call of a kfp.Client a timeout, and some attempts to what may be asked twice.

    A response that is no JSON raises NotTheApi: the page of a login or of a proxy with status 200.
    """
    import kfp_server_api
    from urllib3.exceptions import HTTPError, NewConnectionError

    rest = client._run_api.api_client.rest_client
    send = rest.request

    def once(method: str, *args: Any, **kwargs: Any) -> Any:
        response = send(method, *args, **kwargs)
        if not _is_json(response.data):
            raise NotTheApi(
                f"what answers {response.status} is not the pipelines API, but "
                f"'{words_of(response.data, longest=200)}': is a login or a proxy on the way?"
            )
        return response

    def again(error: BaseException) -> bool:
        if isinstance(error, kfp_server_api.ApiException):
            return error.status in BUSY
        if isinstance(getattr(error, "reason", None), NewConnectionError):
            return False  # urllib3 has tried more than once
        return isinstance(error, HTTPError | NotTheApi)

    def request(method: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("_request_timeout") is None:
            kwargs["_request_timeout"] = _TIMEOUT
        if method not in _REPEATABLE:
            return once(method, *args, **kwargs)
        return retrying(again)(once, method, *args, **kwargs)

    rest.request = request


def retrying(again: Callable[[BaseException], bool]) -> Any:
    """Tenacity's Retrying: some six attempts in five seconds, while `again` says so."""
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    return Retrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=0.1, max=3.0),
        reraise=True,
    )


def _is_json(body: str | bytes | None) -> bool:
    """Whether it looks like an object or a list; a deletion is answered with nothing at all too."""
    start = (body or b"").lstrip()[:1]
    return start in ("", "{", "[") if isinstance(start, str) else start in (b"", b"{", b"[")
