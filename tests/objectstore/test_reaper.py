"""What sessions left in the store goes once its time is over; nothing without our mark does."""

from __future__ import annotations

import io
import json
import time
import uuid
from typing import Any

import pytest

from pytest_kubeflow.k8s.sessions.ownership import MANAGED_BY, Ownership
from pytest_kubeflow.objectstore.bucket import MARK, Bucket
from pytest_kubeflow.objectstore.reaper import StoreReaper, purge_namespace
from pytest_kubeflow.objectstore.scratch import ScratchSpace
from tests.objectstore.conftest import Store

PAST = int(time.time()) - 1000
BUCKET = "mlpipeline"


@pytest.fixture
def home(store: Store) -> str:
    """A prefix of this test's own."""
    return f"private-artifacts/team-{uuid.uuid4().hex[:8]}/"


def write(client: Any, key: str, content: bytes, bucket: str = BUCKET) -> None:
    client.put_object(bucket, key, io.BytesIO(content), len(content))


def keys(client: Any, prefix: str, bucket: str = BUCKET) -> set[str]:
    found = client.list_objects(bucket, prefix=prefix, recursive=True)
    return {str(one.object_name).removeprefix(prefix) for one in found}


def killed(
    store: Store, home: str, *, expires: int | None, run_id: str, own: bool = False
) -> Bucket:
    """What a session with one object leaves behind that is killed."""
    owner = Ownership("nightly", run_id, expires)
    bucket = ScratchSpace(store.admin, BUCKET, [home], ownership=owner, own=own).make()
    bucket.put("model/weights", b"123")
    return bucket


def reap(store: Store, home: str) -> set[str]:
    gone = StoreReaper(store.admin, BUCKET, [home]).reap(clock=time.time)
    return {one.run_id for one in gone}


def test_only_what_has_expired_goes(store: Store, home: str) -> None:
    client = store.admin.connect()
    old = killed(store, home, expires=PAST, run_id="old")
    killed(store, home, expires=None, run_id="young")
    foreign = {**Ownership("x", "foreign", PAST).labels(), MANAGED_BY: "Helm"}
    for name, mark in {
        "pytest-kubeflow-unmarked": None,
        "pytest-kubeflow-foreign": json.dumps(foreign).encode(),
        "pytest-kubeflow-garbled": b"{",
        "pytest-kubeflow-list": b"[1]",
        "elsewhere": json.dumps(Ownership("x", "moved", PAST).labels()).encode(),
    }.items():
        write(client, f"{home}{name}/data", b"theirs")
        if mark is not None:
            write(client, f"{home}{name}/{MARK}", mark)
    gone = {f"{key}" for key in keys(client, home) if "-old-" in key}
    before = keys(client, home)
    assert len(gone) == 2
    assert reap(store, home) == {"old"}
    assert keys(client, home) == before - gone
    assert old.list() == []
    assert reap(store, home) == set()


def test_a_session_lives_by_any_of_its_marks(store: Store, home: str) -> None:
    killed(store, home, expires=PAST, run_id="long")
    killed(store, home, expires=None, run_id="long")
    assert reap(store, home) == set()


def test_a_bucket_of_a_killed_session_goes(store: Store, home: str) -> None:
    client = store.admin.connect()
    old = killed(store, home, expires=PAST, run_id="old", own=True)
    young = killed(store, home, expires=None, run_id="young", own=True)
    assert young.list() == ["model/weights"]
    theirs = f"pytest-kubeflow-theirs-{uuid.uuid4().hex[:6]}"
    client.make_bucket(theirs)
    write(client, "kept", b"x", theirs)
    assert reap(store, home) == {"old"}
    there = {one.name for one in client.list_buckets()}
    assert old.name not in there
    assert {young.name, theirs, BUCKET} <= there
    young.delete()
    client.remove_object(theirs, "kept")
    client.remove_bucket(theirs)


def test_a_namespace_goes_with_its_objects_and_no_other_ones(store: Store) -> None:
    client = store.admin.connect()
    ours = f"kf-scratch-{uuid.uuid4().hex[:8]}"
    for key in ("private-artifacts/{}/v2/artifacts/a", "private/{}/b"):
        for namespace in (ours, f"{ours}-2"):
            write(client, key.format(namespace), b"x")
    write(client, f"shared/{ours}", b"x")
    assert purge_namespace(store.admin, BUCKET, ours) == 2
    assert keys(client, f"private-artifacts/{ours}/") == set()
    assert keys(client, f"private-artifacts/{ours}-2/") == {"v2/artifacts/a"}
    assert keys(client, f"shared/{ours}") == {""}
