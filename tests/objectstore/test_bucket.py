import json
import random
import time
from dataclasses import replace

import pytest

from pytest_kubeflow.cluster.artifacts import PipelineRoot
from pytest_kubeflow.errors import ConfigurationError, ObjectStoreError
from pytest_kubeflow.k8s.sessions.ownership import EXPIRES, Ownership
from pytest_kubeflow.objectstore.bucket import MARK, Bucket, ScratchBucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.scratch import ScratchSpace, bases
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.retries.policy import outages_of
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.chaos.fault import Fault
from tests.chaos.plan import Plan, Rule
from tests.chaos.proxy import chaos
from tests.objectstore.conftest import NAMESPACE, Store


def space(access: S3Access, *, own: bool = False) -> ScratchSpace:
    """One session's, in the namespace of the tests."""
    homes = bases(None, NAMESPACE)
    return ScratchSpace(access, "mlpipeline", homes, ownership=Ownership("tests"), own=own)


def make_bucket(
    access: S3Access, *, own: bool = False, declared: ScratchBucket | None = None
) -> Bucket:
    return space(access, own=own).make(declared)


def test_own_bucket_keeps_objects_and_is_removed(store: Store) -> None:
    declared = ScratchBucket({"a/b.txt": "grüße", "c.bin": b"\x00\xff"})
    bucket = make_bucket(store.admin, own=True, declared=declared)
    assert bucket.path == bucket.name
    assert bucket.list() == ["a/b.txt", "c.bin"]
    assert bucket.list("a/") == ["a/b.txt"]
    assert bucket.get("a/b.txt").decode() == "grüße"
    assert bucket.size("c.bin") == 2
    bucket.delete()
    assert not store.admin.connect().bucket_exists(bucket.name)


def test_parts_come_back_as_one_object(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    bucket = make_bucket(store.admin)
    content = random.Random(1).randbytes(11 * 1024 * 1024)  # noqa: S311
    bucket.put("large", content, part_size=5 * 1024 * 1024)
    assert bucket.get("large") == content
    assert "pool is full" not in caplog.text  # as many connections as parts are sent at once
    bucket.delete()


LOST = (
    *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.CUT, Fault.BAD_GATEWAY, Fault.TOO_MANY),
    *(Fault.INTERNAL, Fault.UNAUTHORIZED),
)


@pytest.mark.parametrize("fault", LOST, ids=str)
@pytest.mark.parametrize("nth", [1, 2], ids=["at its beginning", "at its end"])
def test_an_upload_in_parts_goes_on(store: Store, fault: Fault, nth: int) -> None:
    """Of its POSTs the first begins it, and the second makes one object of its parts."""
    content = random.Random(nth).randbytes(6 * 1024 * 1024)  # noqa: S311
    plan = Plan(rules=[Rule(fault, "POST", "*/large", nth=nth)])
    with chaos(plan) as proxy:
        way = replace(store.admin, endpoint=proxy.listen("store", store.admin.endpoint))
        bucket = make_bucket(way)
        bucket.put("large", content, part_size=5 * 1024 * 1024)
        assert [one.fault for one in plan.log] == [fault]
    there = Bucket(store.admin, bucket.name, bucket.prefix)
    assert there.get("large") == content
    there.delete()


def test_an_upload_that_is_refused_ends(store: Store) -> None:
    """A 500 without a cause is asked again for three seconds, twice at least."""
    plan = Plan(rules=[Rule(Fault.INTERNAL, "POST", "*/large", nth=2, times=99)])
    with chaos(plan) as proxy:
        way = replace(store.admin, endpoint=proxy.listen("store", store.admin.endpoint))
        bucket = make_bucket(way)
        with pytest.raises(ObjectStoreError, match="cannot write 'large'"):
            bucket.put("large", bytes(6 * 1024 * 1024), part_size=5 * 1024 * 1024)
        assert len(plan.log) >= 3
    Bucket(store.admin, bucket.name, bucket.prefix).delete()


def test_prefix_where_buckets_cannot_be_made(store: Store) -> None:
    wait_until(
        lambda: _may_write(store.profile), bool, deadline=Deadline.after(20), what="the keys"
    )
    bucket = make_bucket(store.profile)
    assert bucket.path.startswith(f"mlpipeline/private/{NAMESPACE}/pytest-kubeflow-")
    neighbour = make_bucket(store.profile, declared=ScratchBucket({"x": "y"}))
    bucket.put("model/weights", b"123")
    assert bucket.list() == ["model/weights"]
    assert bucket.get("model/weights") == b"123"
    bucket.delete()
    assert bucket.list() == []
    assert neighbour.list() == ["x"]
    neighbour.delete()
    assert store.admin.connect().bucket_exists("mlpipeline")


def test_keys_that_may_make_buckets_make_none_unasked(store: Store) -> None:
    client = store.admin.connect()
    before = {one.name for one in client.list_buckets()}
    bucket = make_bucket(store.admin, declared=ScratchBucket({"x": "y"}))
    assert bucket.path.startswith(f"mlpipeline/private-artifacts/{NAMESPACE}/pytest-kubeflow-")
    assert {one.name for one in client.list_buckets()} == before
    bucket.delete()


def test_a_bucket_that_was_asked_for_is_refused_not_replaced(store: Store) -> None:
    with pytest.raises(ObjectStoreError, match="leave out --kf-bucket=own to use a prefix of mlp"):
        make_bucket(store.profile, own=True)


PRIVATE = f"private-artifacts/{NAMESPACE}/"
ROOTS = [
    (
        PipelineRoot("mlpipeline", "private-artifacts/team-a/v2/artifacts/"),
        "private-artifacts/team-a/",
    ),
    (PipelineRoot("mlpipeline", "v2/artifacts/"), ""),
    (PipelineRoot("company", "kubeflow/runs/"), "kubeflow/runs/"),
    (PipelineRoot("company", f"private/my-{NAMESPACE}/"), f"private/my-{NAMESPACE}/"),
    (None, PRIVATE),
]


@pytest.mark.parametrize(("root", "first"), ROOTS)
def test_homes_are_where_the_pipelines_are(root: PipelineRoot | None, first: str) -> None:
    assert bases(root, NAMESPACE)[0] == first


def test_a_session_leaves_no_mark(store: Store) -> None:
    """But that of what it kept, which has its time."""
    client = store.admin.connect()

    def marks() -> set[str]:
        found = client.list_objects("mlpipeline", recursive=True)
        return {str(one.object_name) for one in found if MARK in str(one.object_name)}

    before = marks()
    ours = space(store.admin)
    kept, gone = ours.make(ScratchBucket({"x": "y"})), ours.make()
    ours.renew()
    gone.delete()
    ours.close(keep_for=1000.0)
    (mark,) = marks() - before
    labels = json.loads(client.get_object("mlpipeline", mark).read())
    assert time.time() + 900 < int(labels[EXPIRES]) < time.time() + 1100
    kept.delete()
    ours.close(keep_for=1000.0)
    assert marks() == before


def _may_write(access: S3Access) -> bool:
    try:
        make_bucket(access).delete()
    except ObjectStoreError:
        return False
    return True


def test_refusals_have_the_code_of_s3(store: Store) -> None:
    bucket = make_bucket(store.admin, declared=ScratchBucket({"k": "v"}))
    with pytest.raises(ObjectStoreError, match="cannot read") as unknown:
        bucket.with_keys("nobody", "nothing").get("k")
    assert unknown.value.code == "InvalidAccessKeyId"
    with pytest.raises(ObjectStoreError) as wrong:
        bucket.with_keys(secret_key="wrong").get("k")
    assert wrong.value.code == "SignatureDoesNotMatch"
    with pytest.raises(ObjectStoreError) as missing:
        bucket.get("no such key")
    assert missing.value.code == "NoSuchKey"
    assert bucket.with_keys().get("k") == b"v"
    bucket.delete()


def test_damage_is_seen_by_who_compares(store: Store) -> None:
    bucket = make_bucket(store.admin, declared=ScratchBucket({"k": "value"}))
    store.break_with("object-corrupt")
    try:
        assert bucket.get("k") != b"value"
    finally:
        store.break_with()
    bucket.delete()


def test_no_store_is_one_error_in_bounded_time() -> None:
    nobody = S3Access("http://127.0.0.1:9", Secret("access-key"), Secret("secret-key"))
    with pytest.raises(ObjectStoreError, match="the object store does not answer"), outages_of(0.5):
        make_bucket(nobody)


@pytest.mark.parametrize("endpoint", ["", "localhost:9000", "ftp://x", "http://", "http://h/path"])
def test_endpoint_that_is_no_url(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a URL like http://host:9000"):
        S3Access(endpoint, Secret("a"), Secret("b")).connect()
