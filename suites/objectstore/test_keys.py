"""The object store lets in who holds its keys, and nobody else."""

from collections.abc import Callable

import pytest

from pytest_kubeflow import Bucket, ObjectStoreError

CONTENT = b"for those who hold the keys"


def refusal(action: Callable[..., object], *arguments: object) -> str | None:
    """The S3 code with which the store refuses `action`."""
    with pytest.raises(ObjectStoreError) as refused:
        action(*arguments)
    return refused.value.code


def test_wrong_keys_are_refused_and_right_ones_accepted(minio_bucket: Bucket) -> None:
    minio_bucket.put("kept.txt", CONTENT)
    strangers = {
        "InvalidAccessKeyId": minio_bucket.with_keys("nobody-has-this-key", "nor-this-secret"),
        "SignatureDoesNotMatch": minio_bucket.with_keys(secret_key="not-the-secret"),  # noqa: S106
    }
    for code, bucket in strangers.items():
        assert refusal(bucket.get, "kept.txt") == code
        assert refusal(bucket.put, "kept.txt", b"overwritten") == code
        assert refusal(bucket.list) == code
    # The same calls with the right keys: the store is no closed door, and nothing was overwritten.
    assert minio_bucket.get("kept.txt") == CONTENT
    assert minio_bucket.list() == ["kept.txt"]
    minio_bucket.put("kept.txt", b"changed by its owner")
    assert minio_bucket.get("kept.txt") == b"changed by its owner"
