"""A SeaweedFS as Kubeflow starts it has eight volumes, and each bucket takes volumes of its own."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.network import LoopbackNetwork
from pytest_kubeflow.local.objectstore.server import _program
from pytest_kubeflow.objectstore.bucket import ScratchBucket
from pytest_kubeflow.objectstore.client import S3Access, wait_for_store
from pytest_kubeflow.objectstore.scratch import ScratchSpace, bases
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.waiting import Deadline

BUCKET = "mlpipeline"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[S3Access]:
    """One with the bucket of the pipelines, to which nothing was written yet."""
    network = LoopbackNetwork()
    address, keys = network.host(1), {"accessKey": "admin", "secretKey": "secretsecret"}
    identity = {"name": "admin", "credentials": [keys], "actions": ["Admin"]}
    (tmp_path / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (tmp_path / "data").mkdir()
    command = [str(_program()), "-logtostderr=true", "server", f"-dir={tmp_path / 'data'}"]
    command += ["-s3", "-filer", "-master.volumePreallocate=false", "-volume.max=8"]
    command += ["-master.peers=none", f"-ip={address}", f"-ip.bind={address}"]
    command += [f"-s3.config={tmp_path / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    # It has sockets in /tmp that are named after its ports, and gRPC ports 10,000 above them.
    first = 20_000 + 4 * (int(ip_address(address)) % 5_000)
    ports = dict(zip(("master", "volume", "filer", "s3"), range(first, first + 4), strict=True))
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        access = S3Access(
            f"http://{address}:{ports['s3']}", Secret("admin"), Secret("secretsecret")
        )
        wait_for_store(access, Deadline.after(60))
        access.connect().make_bucket(BUCKET)
        yield access
    finally:
        process.kill()
        process.wait()
        network.close()
        for port in (number for one in ports.values() for number in (one, one + 10_000)):
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                left.unlink()


def space(access: S3Access, *, own: bool = False) -> ScratchSpace:
    return ScratchSpace(access, BUCKET, bases(None, "team"), ownership=Ownership("tests"), own=own)


def write_as_the_pipelines_do(access: S3Access, key: str) -> None:
    access.connect(patient=False).put_object(BUCKET, key, io.BytesIO(b"model"), 5)


def make_many(space: ScratchSpace) -> None:
    for _ in range(8):
        space.make(ScratchBucket({"x": "y"}))


def test_prefixes_take_no_room_from_anybody(small: S3Access) -> None:
    ours = space(small)
    made = [ours.make(ScratchBucket({"x": "y"})) for _ in range(12)]
    write_as_the_pipelines_do(small, "v2/artifacts/a")
    assert all(one.get("x") == b"y" for one in made)


def test_buckets_of_ones_own_leave_the_pipelines_theirs(small: S3Access) -> None:
    """Asked for, they are made as long as there is room; and what has none is not left behind."""
    ours = space(small, own=True)
    with pytest.raises(ObjectStoreError, match=r"takes no objects.*leave out --kf-bucket=own"):
        make_many(ours)
    write_as_the_pipelines_do(small, "v2/artifacts/a")
    names = {one.name for one in small.connect().list_buckets()}
    assert len(names) == 1 + len(ours._made)
