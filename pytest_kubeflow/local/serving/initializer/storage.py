"""Where models come from: `s3://` in an object store, `file://` and mounted paths."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping

from pytest_kubeflow.local.pipelines.launcher.s3 import StoreError
from pytest_kubeflow.local.serving.initializer.bucket import ModelBucket, Refused, S3Settings
from pytest_kubeflow.local.serving.initializer.log import log

_RECOGNIZED = "'gs://', 's3://', 'file://', 'http(s)://', 'hf://', 'modelscope://' and 'oci://'"
_ELSEWHERE = ("gs://", "http://", "https://", "hf://", "modelscope://", "oci://", "hdfs://")


class StorageFailure(Exception):  # noqa: N818 it is what the log calls it
    """The model cannot be had; the message is what the log ends with."""


def download(uri: str, directory: str, environment: Mapping[str, str]) -> None:
    """Put what is at `uri` into `directory`. Raises StorageFailure, OSError."""
    started = time.monotonic()
    log("INFO", f"Copying contents of {uri} to local")
    if uri.startswith("s3://"):
        _from_s3(uri, directory, S3Settings.of(environment))
    elif uri.startswith("/mnt/pvc") and not os.path.exists(uri):
        raise StorageFailure(f"Cannot locate source uri {uri} for PVC")
    elif uri.startswith("file://") or os.path.exists(uri):
        _from_path(uri.removeprefix("file://"), directory)
    elif uri.startswith(_ELSEWHERE):
        scheme = uri.partition("://")[0]
        raise StorageFailure(
            f"{scheme}:// is not reachable from the embedded cluster: its storage initializer "
            "reads s3://, file:// and mounted volumes"
        )
    else:
        raise StorageFailure(
            f"Cannot recognize storage type for {uri}\n"
            f"{_RECOGNIZED} are the current available storage types."
        )
    log("INFO", f"Successfully copied {uri} to {directory}")
    log("INFO", f"Model downloaded in {time.monotonic() - started} seconds.")


def _from_path(path: str, directory: str) -> None:
    if not os.path.exists(path):
        raise StorageFailure(f"Local path {path} does not exist.")
    if os.path.isdir(path):
        shutil.copytree(path, directory, dirs_exist_ok=True)
    else:
        shutil.copy(path, directory)


def _from_s3(uri: str, directory: str, settings: S3Settings) -> None:
    name, _, prefix = uri.removeprefix("s3://").partition("/")
    prefix = prefix.lstrip("/")
    if settings.missing_credentials:
        log("ERROR", f"S3 error for {uri}: Unable to locate credentials")
        raise StorageFailure(
            "S3 authentication failed. Set AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY or use "
            "awsAnonymousCredential=true."
        )
    bucket = ModelBucket(name, settings)
    try:
        bucket.head()
        keys = bucket.files(prefix)
        if prefix in keys:
            keys = [prefix]
        for key in keys:
            log("INFO", f"Found S3 object: {key}")
        if not keys:
            raise StorageFailure(f"Failed to fetch model. No model found in {prefix}.")
        for key in keys:
            target = key.rsplit("/", 1)[-1] if key == prefix else key.removeprefix(prefix)
            bucket.get(key, _inside(directory, target.lstrip("/")))
            log("INFO", f"Downloaded object {key}")
    except Refused as error:
        log("ERROR", f"S3 error for {uri}: {error}")
        raise StorageFailure(error.explanation(name)) from None
    except StoreError as error:
        log("ERROR", f"S3 error for {uri}: {error}")
        raise StorageFailure(f"Failed to connect to S3 endpoint '{name}'.") from None


def _inside(directory: str, name: str) -> str:
    path = os.path.normpath(os.path.join(directory, name))
    if not path.startswith(os.path.join(directory, "")):
        raise StorageFailure(f"the object {name!r} would be written outside of {directory}")
    return path
