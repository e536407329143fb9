"""Artifacts as the executor input describes them: where they are here, and in the object store.

Which files go where, and messages: kubeflow/pipelines backend/src/v2/objectstore, object_store.go
and config.go (ParseBucketPathToConfig, KeyFromURI). Of Google's storage there are the words with
which Go CDK (gocloud.dev/blob/gcsblob) fails without credentials: there are none here.
"""

from __future__ import annotations

import os
import re
import sys

from . import log
from .errors import ComponentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .http_request import RetryBudget
    from .s3 import Bucket

    Artifact = dict[str, Any]  # name, uri, type, metadata, perhaps customPath

_LOCAL = (("minio://", "/minio/"), ("s3://", "/s3/"), ("gs://", "/gcs/"))
_IN_STORE = ("minio://", "s3://")
_GOOGLE = "gs://"
_UPLOADS = 2
_NO_KEYS = "this namespace has no Secret with keys for the object store"
_ROOT = re.compile(r"([a-z][a-z0-9]+:///?)([^/?]+)(/[^?]*)?(\?.+)?")
_ROOT_SCHEMES = ("gs://", "s3://", "minio://", "mem://")
_WORKSPACE = "/kfp-workspace/.artifacts"


class ArtifactStore:
    """The object store of the cluster, with this namespace's keys. Makes no connection itself.

    Outputs go below `root` only, the URI of the run's own place.
    """

    def __init__(
        self, endpoint: str, region: str, access_key: str, secret_key: str, root: str
    ) -> None:
        self._endpoint = endpoint
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key
        self._root = root
        self._retry_budget: RetryBudget | None = None

    def open(self) -> None:
        """Look at the run's root, as before each task. Raises ComponentError.

        Google's storage is opened without credentials as well: what fails is the first use.
        """
        parts = _ROOT.fullmatch(self._root)
        wrong = "unrecognized pipeline root format" if parts is None else ""
        if parts is not None and parts[1] not in _ROOT_SCHEMES:
            wrong = "unsupported Cloud bucket"
        if wrong:
            raise ComponentError(f'parse bucket config failed: {wrong}: "{self._root}"')
        if self._root.startswith(_IN_STORE) and not self._access_key:
            raise ComponentError(f"failed to open bucket: {_NO_KEYS}")
        if self._root.startswith(_GOOGLE):
            sys.stdout.write(
                "Warning: unable to load GCP Default Credentials: google: could not find default "
                "credentials. See https://cloud.google.com/docs/authentication/external/set-up-adc "
                "for more information\n"
            )
            sys.stdout.flush()

    def download(self, name: str, artifact: Artifact) -> None:
        """Bring an input artifact to its local path. Raises ComponentError."""
        path, place = local_path(artifact), bucket_and_key(artifact["uri"])
        if str(artifact["uri"]).startswith("gs://"):
            raise ComponentError(
                f'failed to download input artifact "{name}" from remote storage URI '
                f'"{artifact["uri"]}": the embedded Kubeflow does not run any store but its own'
            )
        if path is None or place is None:
            _unrecognised("Input", name, artifact, "downloading to local path")
            return
        from .s3 import StoreError

        try:
            bucket, prefix = self._bucket(place[0]), place[1]
            for key in bucket.keys(prefix):
                below = key.removeprefix(prefix)
                if (below and not below.startswith("/")) or key.endswith("/"):
                    continue  # another artifact whose name begins alike, or a folder's marker
                if ".." in below.split("/"):
                    raise StoreError(f"key {key!r} leads out of its prefix")
                bucket.get(key, path + below)
        except (StoreError, OSError) as error:
            raise ComponentError(
                f'failed to download input artifact "{name}" from remote storage URI '
                f'"{artifact["uri"]}": {error}'
            ) from None

    def upload(self, name: str, artifact: Artifact) -> None:
        """Store what the component left at an output artifact's path. Raises ComponentError."""
        uri = str(artifact["uri"])
        path, place = local_path(artifact), bucket_and_key(uri)
        if path is None:
            _unrecognised("Output", name, artifact, "uploading to remote storage")
            return
        if uri.startswith("oci://"):
            return
        self._check_place(name, uri)
        if place is None and not uri.startswith(_GOOGLE):
            _unrecognised("Output", name, artifact, "uploading to remote storage")
            return
        if not os.path.exists(path):
            # Components may leave some out.
            log.warning(f'Local filepath "{path}" does not exist', log.ABSENT)
            return
        if place is None:
            _fail_at_google(name, uri, path)
            return
        from .s3 import StoreError

        prefix = place[1]
        for attempt in range(1, _UPLOADS + 1):
            try:
                bucket = self._bucket(place[0])
                for file, below in _files(path):
                    bucket.put(prefix + below, file)
                    log.info(
                        f'uploadFile(localFilePath="{file}", blobFilePath="{prefix}{below}")',
                        log.UPLOADING,
                    )
            except (StoreError, OSError) as error:
                if attempt == _UPLOADS:
                    raise ComponentError(
                        f'failed to upload output artifact "{name}" to remote storage URI '
                        f'"{artifact["uri"]}": {error}'
                    ) from None
                log.warning(f"Failed to upload output artifacts: {error}", log.NOT_UPLOADED)
            else:
                return

    def _check_place(self, name: str, uri: str) -> None:
        wrong = ""
        if not uri.startswith(self._root):
            wrong = "does not have expected bucket prefix"
        elif not uri[len(self._root) :].strip("/"):
            wrong = "has empty key given prefixed bucket"
        if wrong:
            raise ComponentError(
                f'failed to upload output artifact "{name}": URI "{uri}" {wrong} "{self._root}"'
            )

    def _bucket(self, name: str) -> Bucket:
        from .http_request import RetryBudget
        from .s3 import Bucket, StoreError

        if not self._access_key:
            raise StoreError(_NO_KEYS)
        self._retry_budget = self._retry_budget or RetryBudget()
        return Bucket(
            self._endpoint,
            name,
            region=self._region,
            access_key=self._access_key,
            secret_key=self._secret_key,
            retry_budget=self._retry_budget,
        )


def local_path(artifact: Artifact) -> str | None:
    """The path of an artifact in this container; None for schemes that have no place here."""
    custom = artifact.get("customPath") or artifact.get("custom_path")
    if custom:
        return str(custom)
    uri = str(artifact["uri"])
    for scheme, place in _LOCAL:
        if uri.startswith(scheme):
            path = place + uri[len(scheme) :]
            return _WORKSPACE + path if in_workspace(artifact) else path
    return None


def in_workspace(artifact: Artifact) -> bool:
    """Whether an artifact lies in the run's workspace, where an importer has put it."""
    return bool((artifact.get("metadata") or {}).get("_kfp_workspace"))


def bucket_and_key(uri: str) -> tuple[str, str] | None:
    """Where in the object store a URI is; None if it is not in this store."""
    for scheme in _IN_STORE:
        if uri.startswith(scheme):
            bucket, _, key = uri[len(scheme) :].partition("/")
            return bucket, key.rstrip("/")
    return None


def _files(path: str) -> list[tuple[str, str]]:
    """A file, or all files below a directory: with what follows the artifact's own key."""
    if not os.path.isdir(path):
        return [(path, "")]
    return [
        (os.path.join(folder, name), os.path.join(folder, name)[len(path) :])
        for folder, _, names in sorted(os.walk(path))
        for name in sorted(names)
    ]


def _fail_at_google(name: str, uri: str, path: str) -> None:
    """Raises ComponentError, unless there is nothing to store."""
    from .s3 import quote

    bucket, _, key = uri.removeprefix(_GOOGLE).partition("/")
    for file, below in _files(path)[:1]:
        blob = key + below
        raise ComponentError(
            f'failed to upload output artifact "{name}" to remote storage URI "{uri}": '
            f'uploadFile(): unable to complete copying "{file}" to remote storage "{blob}": failed '
            f'to close Writer for bucket: blob (key "{blob}") (code=Unknown): '
            f'Post "https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?alt=json&name='
            f'{quote(blob)}&prettyPrint=false&projection=full&uploadType=multipart": private key '
            "should be a PEM or plain PKCS1 or PKCS8; parse error: asn1: syntax error: sequence "
            "truncated"
        )


def _unrecognised(side: str, name: str, artifact: Artifact, what: str) -> None:
    log.warning(
        f'{side} Artifact "{name}" does not have a recognized storage URI "{artifact["uri"]}". '
        f"Skipping {what}.",
        log.UNKNOWN_STORE,
    )
