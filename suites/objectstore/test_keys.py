"""The object store lets in who holds its keys, and nobody else."""

from collections.abc import Callable

from pytest_kubeflow import Bucket, ObjectStoreError

CONTENT = b"for those who hold the keys"


def refusal(action: Callable[..., object], *arguments: object) -> str | None:
    """The S3 code with which the store refuses `action`; "" if it does not."""
    try:
        action(*arguments)
    except ObjectStoreError as refused:
        return refused.code
    return ""


def test_wrong_keys_are_refused_and_right_ones_accepted(minio_bucket: Bucket) -> None:
    """Wrong keys read, write and list nothing; the right ones do."""
    minio_bucket.put("kept.txt", CONTENT)
    strangers = {
        "InvalidAccessKeyId": minio_bucket.with_keys("nobody-has-this-key", "nor-this-secret"),
        "SignatureDoesNotMatch": minio_bucket.with_keys(secret_key="not-the-secret"),  # noqa: S106
    }
    for code, bucket in strangers.items():
        found = {
            "reads": refusal(bucket.get, "kept.txt"),
            "writes": refusal(bucket.put, "kept.txt", b"overwritten"),
            "lists": refusal(bucket.list),
        }
        done = [what for what, refused in found.items() if refused == ""]
        assert not done, f"the object store is open to all: who has wrong keys {', '.join(done)}"
        message = f"the object store refuses wrong keys by {sorted(map(str, found.values()))}"
        assert set(found.values()) == {code}, f"{message}, {code} expected"
    # The same calls with the right keys: the store is there, and nothing was overwritten.
    assert minio_bucket.get("kept.txt") == CONTENT
    assert minio_bucket.list() == ["kept.txt"]
    minio_bucket.put("kept.txt", b"changed by its owner")
    assert minio_bucket.get("kept.txt") == b"changed by its owner"
