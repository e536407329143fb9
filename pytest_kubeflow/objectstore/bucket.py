"""Bucket: a place of one's own in the object store, whole bucket or prefix; ScratchBucket asks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.objectstore.client import S3Access, translated
from pytest_kubeflow.objectstore.retries import repeat
from pytest_kubeflow.provenance import READ

__all__ = ["Bucket", "ScratchBucket"]

MARK = ".pytest-kubeflow.json"
"""The object by which a bucket, or what begins with a prefix, is known as ours."""

PLACE = "pytest-kubeflow.io/place"
"""Said by a mark: where it was put, so that a copy of it elsewhere marks nothing."""

_PART = 10 * 1024 * 1024


@dataclass(frozen=True)
class ScratchBucket:
    """Declares a bucket for one run: made with `objects` in it, and removed with the run.

    As an argument of a pipeline it becomes `Bucket.path`: "bucket/prefix", or "bucket" with
    --kf-bucket=own.
    """

    objects: Mapping[str, bytes | str] = field(default_factory=dict)


class Bucket:
    """Objects of ours, in a bucket of their own or under a prefix of one that exists.

    Keys are relative to it. Methods raise ObjectStoreError; its `code` is S3's.
    """

    def __init__(self, access: S3Access, name: str, prefix: str = "", *, own: bool = False) -> None:
        self.client = access.connect()
        self._access = access
        self.name = name
        self.prefix = prefix
        self.is_own = own
        self.is_deleted = False

    def __repr__(self) -> str:
        return f"Bucket({self.path!r})"

    @property
    def path(self) -> str:
        """As "bucket" or "bucket/prefix", without a slash at the end."""
        return f"{self.name}/{self.prefix}".rstrip("/")

    @property
    def uri(self) -> str:
        """The same as `s3://bucket/prefix`."""
        return f"s3://{self.path}"

    def put(
        self,
        key: str,
        content: bytes | str | Path | BinaryIO,
        *,
        part_size: int = _PART,
        content_type: str = "application/octet-stream",
    ) -> None:
        """Store `content` (a Path: that file's) at `key`.

        What is larger than `part_size` bytes (5 MiB at least) goes up in several parts, and anew
        from its beginning where the response to the last request is lost. A stream without `seek`
        goes up once.
        """
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, Path):
            with content.open("rb") as file:
                self.put(key, file, part_size=part_size, content_type=content_type)
            return
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        start = stream.tell() if stream.seekable() else None

        def whole() -> None:
            if start is not None:
                stream.seek(start)
            self.client.put_object(
                *(self.name, self.prefix + key, stream, -1),
                content_type=content_type,
                part_size=part_size,
            )

        with translated(f"write {key!r} to {self.uri}"):
            if start is None:
                whole()
            else:
                repeat(self.client, whole)

    def get(self, key: str) -> bytes:
        """The content of `key`, whole: a shorter answer than announced is an error."""
        with translated(f"read {key!r} from {self.uri}"):
            content, headers = self.read(key)
        announced = headers.get("Content-Length")
        if announced is not None and int(announced) != len(content):
            raise ObjectStoreError(
                f"cannot read {key!r} from {self.uri}: "
                f"{len(content)} bytes came of {announced} announced"
            )
        return READ.note(content, f"{key} in {self.uri}")

    def read(self, key: str, *, length: int = 0) -> tuple[bytes, Mapping[str, str]]:
        """The content of `key` (of `length` bytes, if that is given), and its headers.

        One that breaks off is read again from its beginning. Raises minio's and urllib3's errors.
        """

        def once() -> tuple[bytes, Mapping[str, str]]:
            response = self.client.get_object(self.name, self.prefix + key, length=length)
            try:
                return bytes(response.read()), response.headers
            finally:
                response.close()
                response.release_conn()

        return repeat(self.client, once)

    def list(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        with translated(f"list {self.uri}"):
            found = self.client.list_objects(self.name, prefix=self.prefix + prefix, recursive=True)
            keys = sorted(str(each.object_name).removeprefix(self.prefix) for each in found)
        return READ.note([key for key in keys if key != MARK], f"the list of {self.uri}")

    def size(self, key: str) -> int:
        """The length of `key` in bytes, as the store tells it."""
        with translated(f"look at {key!r} in {self.uri}"):
            size = int(self.client.stat_object(self.name, self.prefix + key).size or 0)
        return READ.note(size, f"the size of {key} in {self.uri}")

    def remove(self, key: str) -> None:
        """Remove `key`; one that is not there is fine, as in S3."""
        with translated(f"remove {key!r} from {self.uri}"):
            self.client.remove_object(self.name, self.prefix + key)

    def with_keys(self, access_key: str | None = None, secret_key: str | None = None) -> Bucket:
        """The same place seen by who holds other keys; None keeps the right one."""
        return Bucket(self._access.with_keys(access_key, secret_key), self.name, self.prefix)

    def delete(self) -> None:
        """Remove every object in it, and the bucket if it is one of its own."""
        with translated(f"empty {self.uri}"):
            for key in self.list():
                self.client.remove_object(self.name, self.prefix + key)
        if self.is_own:
            try:
                with translated(f"remove the bucket {self.name}"):
                    self.client.remove_object(self.name, MARK)
                    self.client.remove_bucket(self.name)
            except ObjectStoreError as error:
                if error.code != "NoSuchBucket":  # the response to the first attempt was lost
                    raise
        self.is_deleted = True
