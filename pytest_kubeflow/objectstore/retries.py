"""The retry policy of an S3 client: one pool of connections that repeats what was lost.

Operations of several requests, such as an upload in parts, are done anew as a whole where one of
them is lost that may not be sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from pytest_kubeflow.network_errors import chain
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import Outage, Unusable
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import PAGE_SECONDS, outage_in, page_in

if TYPE_CHECKING:
    from minio import Minio
    from urllib3 import PoolManager

T = TypeVar("T")

CLIENT = "S3"

MAX_OUTAGE = 30.0
"""Seconds for which a store is asked again: as long as its pod takes to be replaced."""

_SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that may be sent twice: a PUT says all that there is to be."""


def s3_policy(max_outage: float = MAX_OUTAGE) -> RetryPolicy:
    """For one client."""
    return RetryPolicy(CLIENT, max_outage, judge=_judge)


def repeat(client: Minio, attempt: Callable[[], T]) -> T:
    """What `attempt` returns: an operation of this client that may be done anew as a whole."""
    policy = getattr(client._http, "policy", None)
    return policy.repeat(attempt) if isinstance(policy, RetryPolicy) else attempt()


def patient(kind: type[PoolManager], policy: RetryPolicy) -> type[PoolManager]:
    """A kind of urllib3's pools, behind a policy. minio-py takes no others."""

    class PatientPool(kind):  # type: ignore[misc, valid-type]
        """Its responses are those of the store, or the last one of those that a busy one gave."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.policy = policy

        def urlopen(self, method: str, url: str, redirect: bool = True, **options: Any) -> Any:
            """Raises urllib3's errors, Unusable for a page in the store's place."""
            send = super().urlopen

            def attempt() -> Any:
                response = send(method, url, redirect=redirect, **options)
                _check(method, url, response, whole=options.get("preload_content", True))
                return response

            asks = parse_qs(urlsplit(url).query, keep_blank_values=True)
            # Of the POSTs, the one that removes many objects may be sent twice.
            safe = method in _SAFE or "delete" in asks
            return policy.response(attempt, _outage, safe=safe)

    return PatientPool


def _judge(error: BaseException) -> Outage | None:
    """What an error of a request says, or of an operation of minio-py's that has several.

    An upload in parts whose end was lost is given up by minio-py, and the error of that may hide
    the first one.
    """
    from minio.error import InvalidResponseError, MinioException, S3Error

    causes = list(chain(error))
    if not isinstance(error, MinioException):
        return outage_of(error)
    for cause in causes:
        if isinstance(cause, S3Error) and cause.response is not None:
            status, body = int(cause.response.status), cause.response.data.decode(errors="replace")
        elif isinstance(cause, InvalidResponseError):
            status, body = int(cause._code), cause._body or ""
        elif not isinstance(cause, MinioException):
            return outage_of(cause)
        else:
            continue
        if outage := outage_in(status, {}, body):
            return outage
    return None


def _outage(response: Any) -> Outage | None:
    if response.status < 400:
        return None
    return outage_in(response.status, response.headers, response.read(cache_content=True))


def _check(method: str, url: str, response: Any, *, whole: bool) -> None:
    """Raises Unusable for what no store answers: objects have an ETag, and all else is XML."""
    if "etag" in response.headers or response.status not in {200, 206}:
        return
    body = response.data if whole else b""
    if (outage := page_in(response.status, response.headers, body)) is not None:
        raise Unusable(outage)
    if method != "GET" or "policy=" in url:
        return
    if not whole or not body.lstrip().startswith(b"<"):
        message = f"a response with status {response.status} that is neither an object nor XML"
        raise Unusable(Outage(message, "not S3's", within=PAGE_SECONDS))
