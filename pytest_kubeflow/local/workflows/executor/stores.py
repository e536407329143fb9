"""Stores: artifacts in S3, by the keys that the pod has mounted.

Source: argo-workflows v3.7.3 workflow/artifacts/s3. The endpoint is asked for by the name of its
Service, as from inside a pod.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.pipelines.launcher.http_request import RetryBudget
from pytest_kubeflow.local.pipelines.launcher.s3 import Bucket, StoreError
from pytest_kubeflow.local.workflows.executor.pod import ExecutorError, ExecutorPod
from pytest_kubeflow.local.workflows.podspec import SECRETS

Json = Any
Resolve = Callable[[str], Awaitable[str]]
"""The address of `name.namespace`, or of any other host as it is."""
_STARTING_SECONDS = 9.0
"""Seconds for which Argo's executor tries again, in five attempts."""


def relocated(artifact: Json, location: Json) -> Json:
    """An artifact with a key alone, with the rest of the pod's location. Raises ExecutorError."""
    store = artifact.get("s3") or {}
    if store.get("bucket"):
        return store
    if not (location or {}).get("s3"):
        raise ExecutorError("template artifact location not set")
    return {**location["s3"], "key": store.get("key", "")}


@dataclass(frozen=True)
class Stores:
    """Reaches the stores of one pod."""

    pod: ExecutorPod
    resolve: Resolve

    async def bucket(self, store: Json) -> Bucket:
        """The bucket of a location. Raises ExecutorError."""
        host, _, port = str(store.get("endpoint", "")).rpartition(":")
        if not host:
            host, port = str(store.get("endpoint", "")), "80" if store.get("insecure") else "443"
        scheme = "http" if store.get("insecure") else "https"
        address = await self.resolve(host)
        return Bucket(
            f"{scheme}://{address}:{port}",
            str(store.get("bucket", "")),
            region=str(store.get("region") or "us-east-1"),
            access_key=self._secret(store.get("accessKeySecret")),
            secret_key=self._secret(store.get("secretKeySecret")),
            retry_budget=RetryBudget(_STARTING_SECONDS),
        )

    def _secret(self, reference: Json) -> str:
        if not reference:
            return ""
        path = f"{SECRETS}/{reference['name']}/{reference['key']}"
        try:
            # A link, as all files of a Secret's volume are.
            return self.pod.place(path).read_text()
        except OSError as error:
            raise ExecutorError(f"open {path}: {(error.strerror or '').lower()}") from None


def put(bucket: Bucket, key: str, source: Path) -> None:
    """Store a file, or all files of a directory. Raises ExecutorError."""
    try:
        if source.is_dir() and not source.is_symlink():
            for folder, _, names in os.walk(source):
                for name in names:
                    path = Path(folder, name)
                    if path.is_file() and not path.is_symlink():
                        bucket.put(f"{key}/{path.relative_to(source)}", str(path))
            return
        bucket.put(key, str(source))
    except (StoreError, OSError) as error:
        raise ExecutorError(f"failed to put file: {error}") from None


def get(bucket: Bucket, key: str, target: Path) -> None:
    """Fetch an object, or all below a key that is none. Raises ExecutorError."""
    try:
        try:
            bucket.get(key, str(target))
        except StoreError as error:
            if "NoSuchKey" not in str(error):
                raise
            below = bucket.keys(f"{key.rstrip('/')}/")
            if not below:
                raise ExecutorError(
                    f"The specified key does not exist: {key}", missing=True
                ) from None
            for one in below:
                bucket.get(one, str(target / one[len(key.rstrip("/")) + 1 :]))
    except (StoreError, OSError) as error:
        raise ExecutorError(f"failed to get file: {error}") from None
