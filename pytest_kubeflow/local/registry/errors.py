"""Refusals of a registry, in the words of distribution/distribution registry/api/errcode."""

from __future__ import annotations

from typing import Any

_TABLE = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "BLOB_UPLOAD_INVALID": (400, "blob upload invalid"),
    "BLOB_UPLOAD_UNKNOWN": (404, "blob upload unknown to registry"),
    "DIGEST_INVALID": (400, "provided digest did not match uploaded content"),
    "MANIFEST_BLOB_UNKNOWN": (400, "blob unknown to registry"),
    "MANIFEST_INVALID": (400, "manifest invalid"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "RANGE_INVALID": (416, "invalid content range"),
    "SIZE_INVALID": (400, "provided length did not match content length"),
    "TAG_INVALID": (400, "manifest tag did not match URI"),
    "UNAUTHORIZED": (401, "authentication required"),
    "UNSUPPORTED": (405, "The operation is unsupported."),
}


class Refused(Exception):  # noqa: N818 (it is a response, and no failure of ours)
    """A request that the registry does not do; `detail` is what the specification leaves open."""

    def __init__(self, code: str, detail: Any = None) -> None:
        self.status, message = _TABLE[code]
        super().__init__(message)
        self.code = code
        self.body = {"errors": [{"code": code, "message": message, "detail": detail}]}
