"""A place in a bucket, as it is configured: s3://BUCKET or s3://BUCKET/PREFIX."""

from __future__ import annotations

import re

_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
"""docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; stores take no more."""

_PART = re.compile(r"[\w!.*'()=+@:,-]+")
_LONGEST = 512
"""Bytes of a prefix: an object's name has at most 1024."""


def parse_bucket_place(text: str) -> str:
    """The place without a slash at its end. Raises ValueError that says what is wrong."""
    if not text.startswith(_SCHEME):
        raise ValueError(f"{text!r} does not begin with {_SCHEME}")
    bucket, prefix = split_bucket_place(text)
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(f"{bucket!r} is no name of a bucket")
    for part in prefix.split("/") if prefix else ():
        if part in {"", ".", ".."} or not _PART.fullmatch(part):
            raise ValueError(f"{part!r} is no part of an object's name")
    if len(prefix.encode()) > _LONGEST:
        raise ValueError(f"its prefix has more than {_LONGEST} bytes")
    return f"{_SCHEME}{bucket}/{prefix}".rstrip("/")


def split_bucket_place(place: str) -> tuple[str, str]:
    """Bucket and prefix of a place; the prefix has no slash at either end, and may be empty."""
    bucket, _, prefix = place.removeprefix(_SCHEME).partition("/")
    return bucket, prefix.removesuffix("/")
