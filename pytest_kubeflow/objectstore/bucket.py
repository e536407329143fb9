"""Bucket: a place of one's own in the object store, whole bucket or prefix; ScratchBucket asks.

Whether keys may make buckets depends on the installation. Kubeflow 26.03 gives a profile's keys
four prefixes of the bucket `mlpipeline` (applications/pipeline/.../pipelines-profile-controller/
sync.py in kubeflow/community-distribution); before, they were the store's own keys.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.objectstore.client import S3Access, translated

__all__ = ["Bucket", "ScratchBucket", "make_bucket"]

OURS = "pytest-kubeflow"
_BUCKET = "mlpipeline"
_PREFIXES = ("private-artifacts/{namespace}/", "private/{namespace}/", "shared/", "artifacts/")
_REFUSED = frozenset({"AccessDenied", "AllAccessDisabled", "NotImplemented", "TooManyBuckets"})
_PART = 10 * 1024 * 1024


@dataclass(frozen=True)
class ScratchBucket:
    """Declares a bucket for one run: made with `objects` in it, and removed with the run.

    As an argument of a pipeline it becomes `Bucket.path`: "bucket", or "bucket/prefix" where
    buckets cannot be made.
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
        self._own = own

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
        self, key: str, content: bytes | str | Path | BinaryIO, *, part_size: int = _PART
    ) -> None:
        """Store `content` (a Path: that file's) at `key`.

        What is larger than `part_size` bytes (5 MiB at least) goes up in several parts.
        """
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, Path):
            with content.open("rb") as file:
                self.put(key, file, part_size=part_size)
            return
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        with translated(f"write {key!r} to {self.uri}"):
            self.client.put_object(self.name, self.prefix + key, stream, -1, part_size=part_size)

    def get(self, key: str) -> bytes:
        """The content of `key`, whole: a shorter answer than announced is an error."""
        with translated(f"read {key!r} from {self.uri}"):
            response = self.client.get_object(self.name, self.prefix + key)
            try:
                content = response.read()
            finally:
                response.close()
                response.release_conn()
        announced = response.headers.get("Content-Length")
        if announced is not None and int(announced) != len(content):
            raise ObjectStoreError(
                f"cannot read {key!r} from {self.uri}: "
                f"{len(content)} bytes came of {announced} announced"
            )
        return bytes(content)

    def list(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        with translated(f"list {self.uri}"):
            found = self.client.list_objects(self.name, prefix=self.prefix + prefix, recursive=True)
            return sorted(str(each.object_name).removeprefix(self.prefix) for each in found)

    def size(self, key: str) -> int:
        """The length of `key` in bytes, as the store tells it."""
        with translated(f"look at {key!r} in {self.uri}"):
            return int(self.client.stat_object(self.name, self.prefix + key).size or 0)

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
        if self._own:
            with translated(f"remove the bucket {self.name}"):
                self.client.remove_bucket(self.name)


def make_bucket(
    access: S3Access,
    *,
    namespace: str,
    declared: ScratchBucket | None = None,
    existing: str = _BUCKET,
) -> Bucket:
    """A place of our own: a new bucket, or else a prefix of `existing` where `namespace` may write.

    Raises ObjectStoreError if the keys allow neither, or the store does not answer.
    """
    bucket = _own_bucket(access) or _own_prefix(access, existing, namespace)
    for key, content in (declared.objects if declared else {}).items():
        bucket.put(key, content)
    return bucket


def _own_bucket(access: S3Access) -> Bucket | None:
    name = f"{OURS}-{uuid.uuid4().hex[:12]}"
    try:
        with translated(f"make the bucket {name}"):
            access.connect().make_bucket(name)
    except ObjectStoreError as error:
        if error.code in _REFUSED:
            return None
        raise
    return Bucket(access, name, own=True)


def _own_prefix(access: S3Access, name: str, namespace: str) -> Bucket:
    unique = f"{OURS}-{uuid.uuid4().hex[:12]}/"
    refusals: list[str] = []
    for bucket in _candidates(access, name, namespace, unique):
        try:
            # Only writing and removing show that these keys may do both.
            bucket.put(".probe", b"")
            bucket.remove(".probe")
        except ObjectStoreError as error:
            if error.code not in _REFUSED:
                raise
            refusals.append(bucket.path.rpartition("/")[0])
        else:
            return bucket
    raise ObjectStoreError(
        f"these keys may neither make a bucket nor write under {', '.join(refusals)}: "
        "give keys that may (KF_S3_ACCESS_KEY, KF_S3_SECRET_KEY)",
        code="AccessDenied",
    )


def _candidates(access: S3Access, name: str, namespace: str, unique: str) -> Iterator[Bucket]:
    for prefix in _PREFIXES:
        yield Bucket(access, name, prefix.format(namespace=namespace) + unique)
