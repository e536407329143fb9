"""What the errors of SDKs tell, as a sentence: who answers what, in the server's own words.

Their own text is made for tracebacks: the first line of an ApiException is "(404)", an S3Error has
six fields, and urllib3 quotes each layer around the one that failed. A test that calls an SDK
raises them as they are. They are known by their names, so that no SDK is imported for it.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.network_errors import innermost
from pytest_kubeflow.response_text import words_of

_APIS = {
    "kubernetes": "the Kubernetes API",
    "kfp_server_api": "the pipelines API",
    "kubeflow": "the Kubernetes API",
}
"""By the package that an ApiException is of."""

_TRANSPORTS = frozenset({"requests", "urllib3", "aiohttp", "httpx"})


def sentence_of_sdk(error: BaseException) -> str:
    """The sentence; "" for an error that tells its own well enough."""
    package = type(error).__module__.partition(".")[0]
    if package in _APIS and hasattr(error, "status"):
        return _of_api(_APIS[package], error)
    if package == "minio" and hasattr(error, "code"):
        return _of_store(error)
    if package in _TRANSPORTS and not _says_status(error):
        return _of_transport(error)
    return ""


def _of_api(who: str, error: Any) -> str:
    status = " ".join(str(part) for part in (error.status, error.reason) if part)
    words = words_of(getattr(error, "body", None))
    if not status:
        return f"{who} was not asked: {words or innermost(error)}"
    return f"{who} answers {status}: {words}" if words else f"{who} answers {status}"


def _of_store(error: Any) -> str:
    code, message = error.code, str(getattr(error, "message", None) or "").rstrip(".")
    resource = getattr(error, "resource", None)
    if not resource:
        parts = (getattr(error, "bucket_name", None), getattr(error, "object_name", None))
        resource = "/".join(str(part) for part in parts if part)
    found = f"the object store answers {code}"
    found += f" for {resource}" if resource else ""
    return f"{found}: {message}" if message else found


def _says_status(error: BaseException) -> bool:
    """An HTTPError of requests or httpx: "404 Client Error: Not Found for url: ..."."""
    return getattr(error, "response", None) is not None


def _of_transport(error: BaseException) -> str:
    asked = getattr(error, "request", None)
    url = str(getattr(asked, "url", None) or getattr(error, "url", None) or "")
    message = innermost(error)
    name = type(error).__name__
    return f"{name} at {url}: {message}" if url.startswith("http") else f"{name}: {message}"
