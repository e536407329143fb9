"""ScratchSpace: where a session puts objects, and the mark by which they are known as its own.

Each Bucket is a prefix of the bucket that KFP uses: a store may have no room for another one. A
SeaweedFS as Kubeflow starts it has eight volumes, seven of which go to the first bucket that is
written to. With --kf-bucket=own each is a bucket of its own.

Which prefixes may be written depends on the installation. Kubeflow 26.03 gives a profile's keys
four of them (applications/pipeline/.../pipelines-profile-controller/sync.py in
kubeflow/community-distribution); before, they were the store's own keys.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Sequence

from pytest_kubeflow.cluster.artifacts import PipelineRoot
from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.objectstore.bucket import MARK, PLACE, Bucket, ScratchBucket
from pytest_kubeflow.objectstore.client import S3Access, translated

OURS = "pytest-kubeflow"
_PREFIXES = ("private-artifacts/{namespace}/", "private/{namespace}/", "shared/", "artifacts/")
_REFUSED = frozenset({"AccessDenied", "AllAccessDisabled", "NotImplemented", "TooManyBuckets"})
_THERE = frozenset({"BucketAlreadyExists", "BucketAlreadyOwnedByYou"})
_ARTIFACTS = "v2/artifacts/"
"""The end of KFP's own roots, below which its artifacts are."""


def bases(root: PipelineRoot | None, namespace: str) -> list[str]:
    """The prefixes of the bucket where a session of `namespace` may be at home, best first."""
    usual = [prefix.format(namespace=namespace) for prefix in _PREFIXES]
    if root is None:
        return usual
    own = root.prefix.removesuffix(_ARTIFACTS)
    # A whole part of the path: "team" is not in "private/my-team/".
    head, found, _ = f"/{own}".partition(f"/{namespace}/")
    return list(dict.fromkeys([f"{head}{found}"[1:] if found else own, *usual]))


class ScratchSpace:
    """The objects of one session, in `bucket` below one of `homes`; safe for several threads.

    With `own`, each Bucket is one of its own, beside `bucket`. Raises ObjectStoreErrors.
    """

    def __init__(
        self,
        access: S3Access,
        bucket: str,
        homes: Sequence[str],
        *,
        ownership: Ownership,
        own: bool = False,
    ) -> None:
        self._access = access
        self._bucket = bucket
        self._homes = homes
        self._ownership = ownership
        self._own = own
        self._lock = threading.Lock()
        self._home: Bucket | None = None
        self._made: list[Bucket] = []

    def make(self, declared: ScratchBucket | None = None) -> Bucket:
        """A new, empty Bucket, with what is `declared` in it."""
        with self._lock:
            bucket = self._own_bucket() if self._own else self._own_prefix()
            self._made.append(bucket)
        MADE.add("bucket")
        for key, content in (declared.objects if declared else {}).items():
            bucket.put(key, content)
        return bucket

    def renew(self, *, lifetime: float | None = None) -> None:
        """Say in all marks that this session lives, or that what it kept does for `lifetime` s."""
        with self._lock:
            self._made = [one for one in self._made if not one.is_deleted]
            marked = [one for one in self._made if one.is_own]
            if self._home is not None:
                marked.append(self._home)
            for one in marked:
                self._mark(one, lifetime)

    def close(self, *, keep_for: float) -> None:
        """Take the mark away where nothing was kept; what was kept has `keep_for` seconds left."""
        self.renew(lifetime=keep_for)
        with self._lock:
            kept = [one for one in self._made if not one.is_own]
            if self._home is not None and not kept:
                self._home.remove(MARK)
                self._home = None

    def _mark(self, bucket: Bucket, lifetime: float | None = None) -> None:
        labels = self._ownership.labels(lifetime=lifetime)
        bucket.put(MARK, json.dumps({**labels, PLACE: bucket.path}))

    def _own_prefix(self) -> Bucket:
        if self._home is None:
            self._home = self._find_home()
        prefix = f"{self._home.prefix}{uuid.uuid4().hex[:8]}/"
        return Bucket(self._access, self._home.name, prefix)

    def _find_home(self) -> Bucket:
        """The first base where these keys may write and remove, or at least write."""
        refused: list[str] = []
        lasting: Bucket | None = None
        for bucket in self._candidates():
            try:
                self._mark(bucket)
            except ObjectStoreError as error:
                if error.code not in _REFUSED:
                    raise self._explained(error) from error
                refused.append(bucket.path.rpartition("/")[0])
                continue
            try:
                bucket.put(".probe", b"")
                bucket.remove(".probe")
            except ObjectStoreError as error:
                if error.code not in _REFUSED:
                    raise
                lasting = lasting or bucket
            else:
                return bucket
        if lasting is not None:
            return lasting  # what cannot be removed is told when that is tried
        raise ObjectStoreError(
            f"these keys may not write under {', '.join(refused)}: "
            "give keys that may (KF_S3_ACCESS_KEY, KF_S3_SECRET_KEY)",
            code="AccessDenied",
        )

    def _candidates(self) -> Iterator[Bucket]:
        unique = self._unique()
        for base in self._homes:
            yield Bucket(self._access, self._bucket, f"{base}{unique}/")

    def _unique(self) -> str:
        return f"{OURS}-{self._ownership.run_id}-{uuid.uuid4().hex[:6]}"

    def _explained(self, error: ObjectStoreError) -> ObjectStoreError:
        if error.code != "NoSuchBucket":
            return error
        return ObjectStoreError(
            f"{error.message}; where the pipelines have no bucket in this store, give "
            "--kf-bucket=own",
            code=error.code,
        )

    def _own_bucket(self) -> Bucket:
        self._reserve()
        bucket = Bucket(self._access, self._unique(), own=True)
        try:
            with translated(f"make the bucket {bucket.name}"):
                bucket.client.make_bucket(bucket.name)
        except ObjectStoreError as error:
            if error.code in _THERE and not bucket.list():
                pass  # its name is random: it was made by an attempt whose response was lost
            elif error.code in _REFUSED:
                raise ObjectStoreError(
                    f"{error.message}; leave out --kf-bucket=own to use a prefix of {self._bucket}",
                    code=error.code,
                ) from error
            else:
                raise
        try:
            self._mark(bucket)
        except ObjectStoreError as error:
            with translated(f"remove the bucket {bucket.name}"):
                bucket.client.remove_bucket(bucket.name)
            raise ObjectStoreError(
                f"{error.message}: the bucket was made and takes no objects, as where a "
                "SeaweedFS has given all its volumes to other buckets; leave out --kf-bucket=own "
                f"to use a prefix of {self._bucket}",
                code=error.code,
            ) from error
        return bucket

    def _reserve(self) -> None:
        """Have the pipelines' bucket its room in the store before another one takes it."""
        if self._home is None and not self._made:
            probe = Bucket(self._access, self._bucket, f"{self._unique()}/")
            try:
                probe.put(".probe", b"x")
                probe.remove(".probe")
            except ObjectStoreError as error:
                if error.code not in {*_REFUSED, "NoSuchBucket"}:
                    raise
