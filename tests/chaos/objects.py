"""Changes to what the object store says of objects, and the pipelines API of uploads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.chaos.exchange import UpstreamResponse

Store = Callable[[UpstreamResponse, str], None]
Api = Callable[[UpstreamResponse], None]


def content(change: Callable[[bytes], bytes]) -> Store:
    """Another content of an object that is downloaded, whole or in a range."""

    def changed(response: UpstreamResponse, _: str) -> None:
        if response.method == "GET" and response.status in {200, 206} and not _is_listing(response):
            response.body = change(response.body)

    return changed


def flipped(data: bytes) -> bytes:
    """One bit of one byte in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def halves_swapped(data: bytes) -> bytes:
    """The same bytes in another order."""
    middle = len(data) // 2
    return data[middle:] + data[:middle]


def listing(change: Callable[[str], str]) -> Store:
    """Another list of objects."""

    def changed(response: UpstreamResponse, _: str) -> None:
        if response.method == "GET" and response.status == 200 and _is_listing(response):
            response.body = change(response.body.decode()).encode()

    return changed


def no_keys(document: str) -> str:
    """An empty list."""
    return re.sub(r"<Contents>.*?</Contents>", "", document, flags=re.DOTALL)


def one_key_more(document: str) -> str:
    """One object more."""
    found = re.search(r"<Contents>.*?</Contents>", document, re.DOTALL)
    more = re.sub(r"(<Key>[^<]*)", r"\1.copy", found[0]) if found else ""
    return document.replace("</ListBucketResult>", f"{more}</ListBucketResult>")


def longer(response: UpstreamResponse, _: str) -> None:
    """A head that tells one byte more than there are."""
    if response.method == "HEAD" and response.status == 200:
        response.headers["Content-Length"] = str(int(response.headers["Content-Length"]) + 1)


class StillThere:
    """A list that goes on telling what was removed."""

    def __init__(self) -> None:
        self._last = b""

    def __call__(self, response: UpstreamResponse, _: str) -> None:
        if response.method == "GET" and response.status == 200 and _is_listing(response):
            self._last = response.body if b"<Contents>" in response.body else self._last
            response.body = self._last


def taken(method: str, *, listed: bool = False) -> Store:
    """Requests of this method with foreign keys succeed."""

    def changed(response: UpstreamResponse, _: str) -> None:
        if response.status == 403 and response.method == method and _is_listing(response) == listed:
            response.status = 200
            response.headers["Content-Type"] = "application/xml"
            response.headers["ETag"] = '"00"'
            response.headers["Last-Modified"] = "Thu, 01 Jan 2026 00:00:00 GMT"
            response.body = _EMPTY_LIST if listed else b"for those who hold the keys"

    return changed


_EMPTY_LIST = (
    b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Name>mlpipeline</Name><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>"
    b"<IsTruncated>false</IsTruncated></ListBucketResult>"
)


def _is_listing(response: UpstreamResponse) -> bool:
    return "list-type=" in response.path


def pipelines(change: Callable[[dict[str, Any]], None]) -> Api:
    """Another list of pipelines."""
    return _document(r"/pipelines\?", change)


def versions(change: Callable[[dict[str, Any]], None]) -> Api:
    """Another list of versions."""
    return _document(r"/versions\?", change)


def one_pipeline(change: Callable[[dict[str, Any]], None]) -> Api:
    """Another pipeline than was asked for."""
    return _document(r"/pipelines/[^/?]+$", change)


def _document(path: str, change: Callable[[dict[str, Any]], None]) -> Api:
    def changed(response: UpstreamResponse) -> None:
        if response.method == "GET" and re.search(path, response.path):
            document = json.loads(response.body)
            change(document)
            response.body = json.dumps(document).encode()

    return changed


class StillListed:
    """A list that goes on telling a pipeline that was deleted; only where it was listed before."""

    def __init__(self) -> None:
        self._last: dict[str, bytes] = {}

    def __call__(self, response: UpstreamResponse) -> None:
        if response.method == "GET" and re.search(r"/pipelines\?", response.path):
            if b'"pipeline_id"' in response.body:
                self._last[response.path] = response.body
            response.body = self._last.get(response.path, response.body)
