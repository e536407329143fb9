"""What a session has written, put into a bucket as well: the files stay where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pytest_kubeflow.config.bucketplace import split_bucket_place
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError, KubeflowError
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.reporting.writing import Written

NAMES = {
    "report": "report.html",
    "json": "session.json",
    "ctrf": "ctrf.json",
    "prometheus": "metrics.prom",
    "junit": "junit.xml",
    "bundle": "evidence.zip",
}
"""What each kind of file is called in the bucket; a bundle that is a directory is a folder."""

_BUNDLE_FOLDER = "evidence"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".prom": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}
"""By which a browser shows the page, and does not save it."""

_OTHERWISE = "application/octet-stream"


def access_of(config: KubeflowConfig) -> S3Access:
    """The store of the bucket. Raises ConfigurationError for what is not configured."""
    message, reporting, store = config.described("report_bucket"), config.reporting, config.s3
    endpoint = reporting.endpoint or store.endpoint
    if endpoint is None:
        raise ConfigurationError(f"{message} needs --kf-report-endpoint=URL, the store that has it")
    access_key, secret_key = _keys(config)
    if access_key is None or secret_key is None:
        raise ConfigurationError(
            f"{message} needs keys: set KF_REPORT_ACCESS_KEY and KF_REPORT_SECRET_KEY"
        )
    return S3Access(
        endpoint,
        access_key,
        secret_key,
        region=store.region,
        ca_cert=config.gateway.ca_cert,
        insecure=config.gateway.insecure,
    )


def _keys(config: KubeflowConfig) -> tuple[Secret | None, Secret | None]:
    """Those of the bucket, or of the store: never one of each."""
    reporting, store = config.reporting, config.s3
    if reporting.access_key is not None or reporting.secret_key is not None:
        return reporting.access_key, reporting.secret_key
    return store.access_key, store.secret_key


def upload(
    access: S3Access, place: str, files: Mapping[str, Path], *, session: str, started: float
) -> Written:
    """Put `files`, by kind, into a folder of the session; the line that tells of it.

    `started` in seconds since the epoch. The first file that the store refuses ends it.
    """
    name, prefix = split_bucket_place(place)
    folder = f"{datetime.fromtimestamp(started, UTC):%Y%m%dT%H%M%SZ}-{session}/"
    bucket = Bucket(access, name, f"{prefix}/{folder}" if prefix else folder)
    count = 0
    try:
        for key, path in _objects(files):
            bucket.put(key, path, content_type=_TYPES.get(path.suffix.lower(), _OTHERWISE))
            count += 1
    except (KubeflowError, OSError) as error:
        reason = error.message if isinstance(error, KubeflowError) else str(error)
        kept = ", ".join(str(one) for one in files.values())
        found = f"not uploaded (--kf-report-bucket, {access.endpoint}): {reason}; kept: {kept}"
        return Written(found, is_there=False)
    counted = "1 file" if count == 1 else f"{count} files"
    return Written(f"uploaded: {bucket.uri} ({counted}, {access.endpoint})", is_there=True)


def _objects(files: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for kind, path in files.items():
        if path.is_dir():
            for one in sorted(path.rglob("*")):
                if one.is_file():
                    yield f"{_BUNDLE_FOLDER}/{one.relative_to(path).as_posix()}", one
        else:
            yield NAMES[kind], path
