"""Objects in an S3 store: put, get, list."""

from __future__ import annotations

import os

from .http_request import HttpError, HttpResponse, RetryBudget, send
from .signature import signed_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO
    from xml.etree.ElementTree import Element

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class StoreError(Exception):
    """The store refuses, or does not answer; the message has its code."""


class Bucket:
    """One bucket. `endpoint` is `http://host:port`; paths are in path style, as MinIO's are.

    A store that was started a moment ago is waited for, as long as there is `retry_budget`.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        *,
        region: str,
        access_key: str,
        secret_key: str,
        retry_budget: RetryBudget | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._bucket = bucket
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key
        self._retry_budget = retry_budget

    def put(self, key: str, path: str) -> None:
        """Store the file at `path`. Raises StoreError, OSError."""
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            with self._send("PUT", key, {}, file, size) as answer:
                self._check(answer, f"PUT {self._bucket}/{key}")

    def get(self, key: str, path: str) -> None:
        """Write the object to a file, whose directories are made. Raises StoreError, OSError."""
        with self._send("GET", key, {}) as answer:
            self._check(answer, f"GET {self._bucket}/{key}")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                try:
                    answer.copy_to(file)
                except (OSError, HttpError) as error:
                    raise StoreError(f"GET {self._bucket}/{key}: {error}") from None

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`. Raises StoreError."""
        found: list[str] = []
        query = {"list-type": "2", "prefix": prefix}
        while True:
            with self._send("GET", "", query) as answer:
                self._check(answer, f"LIST {self._bucket}/{prefix}")
                try:
                    listing = _parsed(answer.read())
                except (SyntaxError, HttpError) as error:
                    raise StoreError(f"LIST {self._bucket}/{prefix}: {error}") from None
            texts = {
                element.tag.rpartition("}")[2]: element.text or ""
                for element in listing
                if len(element) == 0
            }
            for element in listing.iter():
                if element.tag.rpartition("}")[2] == "Key":
                    found.append(element.text or "")
            if texts.get("IsTruncated") != "true":
                return found
            query["continuation-token"] = texts["NextContinuationToken"]

    def _send(
        self,
        method: str,
        key: str,
        query: dict[str, str],
        body: bytes | IO[bytes] = b"",
        size: int | None = None,
    ) -> HttpResponse:
        path = quote(f"/{self._bucket}/{key}" if key else f"/{self._bucket}", also=b"/")
        text = "&".join(f"{quote(name)}={quote(query[name])}" for name in sorted(query))
        host = self._endpoint.partition("://")[2]
        headers = self._signed(method, path, text, host)
        url = f"{self._endpoint}{path}" + (f"?{text}" if text else "")
        try:
            return send(method, url, headers, body, size, self._retry_budget)
        except HttpError as error:
            raise StoreError(f"{method} {self._bucket}/{key}: {error}") from None

    def _signed(self, method: str, path: str, query: str, host: str) -> dict[str, str]:
        keys = self._access_key, self._secret_key
        return signed_headers(method, host, path, query, keys=keys, region=self._region)

    def _check(self, answer: HttpResponse, what: str) -> None:
        if answer.status < 300:
            return
        try:
            code = _parsed(answer.read()).findtext("Code")
        except (SyntaxError, HttpError, OSError):
            code = None
        raise StoreError(f"{what}: {code or 'error'} (status {answer.status})")


def _parsed(text: bytes) -> Element:
    """XML, from the cluster's own store. Raises SyntaxError, as ElementTree does.

    Imported here, since most tasks store a log and read nothing.
    """
    import xml.etree.ElementTree as ET

    return ET.fromstring(text)  # noqa: S314 see above


def quote(text: str, also: bytes = b"") -> str:
    """Percent-encoding as signatures want it: everything but letters, digits and `-._~`."""
    return "".join(
        chr(byte) if byte in _SAFE or byte in also else f"%{byte:02X}" for byte in text.encode()
    )
