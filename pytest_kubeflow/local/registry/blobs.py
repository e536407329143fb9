"""BlobStore: content by its digest, and uploads that are to become such."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from pytest_kubeflow.local.registry.errors import Refused

DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class BlobStore:
    """Files below `directory`: blobs under their digests, uploads under names of their own."""

    def __init__(self, directory: Path) -> None:
        self._blobs, self._uploads = directory / "blobs", directory / "uploads"
        for one in (self._blobs, self._uploads):
            one.mkdir(parents=True, exist_ok=True)
        self._begun: dict[str, str] = {}

    def path(self, digest: str) -> Path:
        """The file of a blob, there or not."""
        return self._blobs / digest.removeprefix("sha256:")

    def put(self, content: bytes) -> str:
        """Keep `content`; its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if not self.path(digest).exists():
            partial = self._uploads / uuid.uuid4().hex
            partial.write_bytes(content)
            partial.rename(self.path(digest))
        return digest

    def begin(self, repository: str) -> str:
        """Begin an upload to a repository; its name."""
        name = str(uuid.uuid4())
        (self._uploads / name).touch()
        self._begun[name] = repository
        return name

    def received(self, repository: str, upload: str) -> int:
        """How many bytes of an upload there are. Raises Refused for one that was not begun."""
        if self._begun.get(upload) != repository:
            raise Refused("BLOB_UPLOAD_UNKNOWN")
        return (self._uploads / upload).stat().st_size

    async def append(
        self, repository: str, upload: str, content: AsyncIterator[bytes], *, start: int | None
    ) -> int:
        """Add what comes to an upload, from byte `start` on; how many bytes there are then."""
        size = self.received(repository, upload)
        if start is not None and start != size:
            raise Refused("RANGE_INVALID")
        with (self._uploads / upload).open("ab") as file:
            async for chunk in content:
                await asyncio.to_thread(file.write, chunk)
            return file.tell()

    async def finish(self, repository: str, upload: str, digest: str) -> None:
        """Let an upload be the blob `digest`. Raises Refused if it is another one."""
        self.received(repository, upload)
        path = self._uploads / upload
        found = await asyncio.to_thread(_digest_of, path)
        if found != digest:
            raise Refused("DIGEST_INVALID", {"Digest": digest, "Reason": {}})
        os.replace(path, self.path(digest))
        del self._begun[upload]

    def cancel(self, repository: str, upload: str) -> None:
        """Forget an upload."""
        self.received(repository, upload)
        (self._uploads / upload).unlink()
        del self._begun[upload]


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
