"""What sessions left in the object store: prefixes and buckets with our mark, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.k8s.sessions.ownership import RUN_ID, has_expired, is_ours, living
from pytest_kubeflow.objectstore.bucket import MARK, PLACE, Bucket
from pytest_kubeflow.objectstore.client import S3Access, translated
from pytest_kubeflow.objectstore.scratch import OURS

_LARGEST_MARK = 4096
_NAMESPACES = ("private-artifacts/{namespace}/", "private/{namespace}/")
"""The prefixes of the pipelines' bucket that belong to one profile alone."""


@dataclass(frozen=True, slots=True)
class MarkedPlace:
    """A prefix, or a whole bucket, that a session has marked as its own."""

    bucket: Bucket
    labels: Mapping[str, str] = field(repr=False)
    made: float | None = None
    """When its mark was last written, in seconds since 1970."""

    def __str__(self) -> str:
        kind = "bucket" if self.bucket.is_own else "objects below"
        return f"{kind} {self.bucket.path}"

    @property
    def run_id(self) -> str:
        """The session that made it."""
        return self.labels.get(RUN_ID, "")


class StoreReaper:
    """Finds and removes them, in `bucket` below `homes`, and beside it.

    Where we may not look there are none.
    """

    def __init__(self, access: S3Access, bucket: str, homes: Sequence[str]) -> None:
        self._access = access
        self._bucket = bucket
        self._homes = homes

    def places(self) -> list[MarkedPlace]:
        """All that are marked as some session's."""
        found = []
        for bucket in self._candidates():
            marked = read_mark(bucket)
            if marked is None or not is_ours(marked[0]):
                continue
            if marked[0].get(PLACE, bucket.path) == bucket.path:
                found.append(MarkedPlace(bucket, *marked))
        return found

    def leftovers(self, *, clock: Callable[[], float]) -> list[MarkedPlace]:
        """Those whose sessions' time is over."""
        found, now = self.places(), clock()
        alive = living((one.labels for one in found), now=now)
        return [
            one for one in found if has_expired(one.labels, now=now) and one.run_id not in alive
        ]

    def reap(self, *, clock: Callable[[], float]) -> list[MarkedPlace]:
        """Remove them, and return those that are gone."""
        gone = []
        for one in self.leftovers(clock=clock):
            try:
                remove(one)
            except ObjectStoreError:
                continue  # the next session tries again
            gone.append(one)
        return gone

    def _candidates(self) -> Iterator[Bucket]:
        """What is named as ours are; only its mark shows whose it is."""
        client = self._access.connect()
        for home in self._homes:
            try:
                with translated(f"list {self._bucket}/{home}"):
                    listed = list(client.list_objects(self._bucket, prefix=f"{home}{OURS}-"))
            except ObjectStoreError:
                continue
            for one in listed:
                if one.is_dir:
                    yield Bucket(self._access, self._bucket, str(one.object_name))
        try:
            with translated("list buckets"):
                names = [one.name for one in client.list_buckets()]
        except ObjectStoreError:
            return
        for name in names:
            if name.startswith(f"{OURS}-"):
                yield Bucket(self._access, name, own=True)


def read_mark(bucket: Bucket) -> tuple[Mapping[str, str], float | None] | None:
    """The labels in a place's mark, and when it was written; None without one that can be read."""
    try:
        with translated(f"read the mark of {bucket.uri}"):
            content, headers = bucket.read(MARK, length=_LARGEST_MARK)
        labels = json.loads(content)
    except (ObjectStoreError, ValueError):
        return None
    if not isinstance(labels, dict):
        return None
    return {str(key): str(value) for key, value in labels.items()}, _written(headers)


def _written(headers: Mapping[str, str]) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(headers.get("Last-Modified", "")).timestamp()
    except ValueError:
        return None


def remove(one: MarkedPlace) -> None:
    """Remove it with all that is in it, its mark last. Raises ObjectStoreError."""
    one.bucket.delete()
    if not one.bucket.is_own:
        one.bucket.remove(MARK)


def purge_namespace(access: S3Access, bucket: str, namespace: str) -> int:
    """Remove the objects that are `namespace`'s alone: of one that we made. Returns how many.

    Raises ObjectStoreError.
    """
    removed = 0
    for prefix in _NAMESPACES:
        place = Bucket(access, bucket, prefix.format(namespace=namespace))
        with translated(f"empty {place.uri}"):
            listed = place.client.list_objects(bucket, prefix=place.prefix, recursive=True)
            keys = [str(one.object_name) for one in listed]
        for key in keys:
            with translated(f"remove {key} from {bucket}"):
                place.client.remove_object(bucket, key)
        removed += len(keys)
    return removed
