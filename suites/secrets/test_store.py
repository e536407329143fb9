"""Components reach the object store with keys that a Secret gives them, as boto3 reads them."""

import secrets

import pytest

from pytest_kubeflow import Bucket, PipelineRunner, RunFailed, StoreCredentials

from .pipelines import keeping


def test_a_component_keeps_an_object(
    run_pipeline: PipelineRunner, minio_bucket: Bucket, store_credentials: StoreCredentials
) -> None:
    """A component stores an object with the keys of its Secret."""
    text = f"kept by a component: {secrets.token_hex(8)}"
    run = run_pipeline(keeping, arguments=_arguments(minio_bucket, store_credentials, text))
    assert run.outputs["Output"] == text
    assert minio_bucket.get("kept.txt").decode() == text


def test_wrong_keys_keep_nothing_and_are_told(
    run_pipeline: PipelineRunner, minio_bucket: Bucket, store_credentials: StoreCredentials
) -> None:
    """A component with wrong keys stores nothing, and its run says why."""
    store_credentials.secret.replace(
        {
            "AWS_ACCESS_KEY_ID": "nobody-has-this-key",
            "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(20),
        }
    )
    run = run_pipeline(
        keeping, arguments=_arguments(minio_bucket, store_credentials, "-"), expect="FAILED"
    )
    with pytest.raises(RunFailed, match="InvalidAccessKeyId"):
        run.wait()
    assert minio_bucket.list() == []


def _arguments(bucket: Bucket, store: StoreCredentials, text: str) -> dict[str, object]:
    name, _, prefix = bucket.path.partition("/")
    return {
        "secret": store.secret.name,
        "config_map": store.config_map.name,
        "bucket": name,
        "key": f"{prefix.rstrip('/')}/kept.txt".lstrip("/"),
        "text": text,
    }
