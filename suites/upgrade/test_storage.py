"""Files on a volume, and objects in the object store."""

import hashlib
import secrets

import pytest

from pytest_kubeflow import Bucket, Upgrade, VolumeFactory

before, after = (pytest.mark.kf_upgrade(phase) for phase in ("before", "after"))

SIZE = 300_000
"""Bytes: more than a ConfigMap's worth of what would be lost by a cut."""


def digest(content: bytes) -> str:
    """Of a file."""
    return hashlib.sha256(content).hexdigest()


@before
def test_leave_a_volume_with_files(seeded_pvc: VolumeFactory, upgrade: Upgrade) -> None:
    """Before an upgrade: leaves a volume with files."""
    files = {"data/numbers.bin": secrets.token_bytes(SIZE), "note.txt": secrets.token_bytes(20)}
    volume = seeded_pvc(files)
    upgrade.leave(
        "volume",
        name=volume.name,
        files={path: digest(content) for path, content in files.items()},
    )


@after
def test_the_volume_has_its_files_and_takes_more(upgrade: Upgrade) -> None:
    """After it: the files are unchanged, and more can be written."""
    left = upgrade.left("volume")
    volume = upgrade.volume(left["name"])
    found = {path: digest(content) for path, content in volume.read(volume.list()).items()}
    assert found == left["files"], f"the files of volume {volume.name} are others than before"
    text = secrets.token_hex(8)
    volume.write({"after.txt": text})
    assert volume.read_text("after.txt") == text


@before
def test_leave_an_object_in_the_store(minio_bucket: Bucket, upgrade: Upgrade) -> None:
    """Before an upgrade: leaves an object in the object store."""
    content = secrets.token_bytes(SIZE)
    minio_bucket.put("kept/object.bin", content)
    assert minio_bucket.get("kept/object.bin") == content
    upgrade.leave(
        "object",
        name=minio_bucket.uri,
        bucket=minio_bucket.name,
        prefix=minio_bucket.prefix,
        sha256=digest(content),
    )


@after
def test_the_object_is_in_the_store(upgrade: Upgrade) -> None:
    """After it: the object is unchanged, and another can be stored."""
    left = upgrade.left("object")
    bucket = upgrade.bucket(left["bucket"], left["prefix"])
    found = digest(bucket.get("kept/object.bin"))
    assert found == left["sha256"], f"{bucket.uri}/kept/object.bin is another than before"
    bucket.put("kept/after.txt", b"after")
    assert bucket.get("kept/after.txt") == b"after"
