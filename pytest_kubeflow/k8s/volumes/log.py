"""Files packed for a volume, and read back out of the logs of helper pods.

Nothing of a log is believed that is not whole: each piece comes with its length and digest, and
each log ends with a token. The other side is `agent.py`.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import VolumeError

CHUNK = 700 * 1024
"""Bytes of one ConfigMap's data: base64 makes a third more, and 1 MiB is the limit of all."""

PART = 3 * 1024 * 1024
"""Bytes of a file read from one container: 4 MiB of log, less than half of what is kept of it."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Files as one archive in chunks of at most CHUNK bytes; `gzip`: it was smaller compressed."""

    chunks: tuple[bytes, ...]
    sha256: str
    gzip: bool
    files: Mapping[str, str]
    """The SHA-256 of each file, by its path."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file on a volume. `sha256` and `content` are None where they were not asked for."""

    path: str
    size: int
    sha256: str | None = None
    content: bytes | None = None
    missing: bool = False


def pack(files: Mapping[str, bytes], *, chunk: int = CHUNK) -> Archive:
    """Pack `{path: content}`. Raises VolumeError for a path that is not below the volume's root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in files.items():
            check_path(path)
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    plain = buffer.getvalue()
    smaller = gzip.compress(plain, compresslevel=6, mtime=0)
    compressed = len(smaller) < len(plain)
    data = smaller if compressed else plain
    return Archive(
        chunks=tuple(data[at : at + chunk] for at in range(0, len(data), chunk)),
        sha256=hashlib.sha256(data).hexdigest(),
        gzip=compressed,
        files={path: hashlib.sha256(content).hexdigest() for path, content in files.items()},
    )


def check_path(path: str) -> None:
    """Raise VolumeError unless `path` names a file below a volume's root."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise VolumeError(
            f"{path!r} is no path of a file on a volume: give it relative to the volume's root, "
            "like 'folder/file.csv'"
        )


def parts_of(size: int, *, part: int = PART) -> list[tuple[int, int]]:
    """(offset, length) of the parts in which a file of `size` bytes is read."""
    return [(offset, min(part, size - offset)) for offset in range(0, size, part)]


def read_records(log: bytes, token: str, where: str) -> list[dict[str, Any]]:
    """The JSON records of a whole log. Raises VolumeError for one that is cut or tells an error."""
    return [record for record, _ in _read(log, token, where)]


def read_files(log: bytes, token: str, where: str) -> list[FileRecord]:
    """The files that a log describes, with contents where it has them.

    Raises VolumeError for a log that is cut, damaged or tells an error; never gives wrong data.
    """
    found = []
    for record, content in _read(log, token, where):
        if "path" not in record:
            raise VolumeError(f"{where} is damaged: a record names no file")
        found.append(
            FileRecord(
                path=record["path"],
                size=record.get("size", 0),
                sha256=record.get("sha256"),
                content=content,
                missing=record.get("missing", False),
            )
        )
    return found


def read_part(log: bytes, token: str, where: str) -> bytes:
    """The one part of a file that a log carries."""
    contents = [content for _, content in _read(log, token, where) if content is not None]
    if len(contents) != 1:
        raise VolumeError(f"{where} carries {len(contents)} parts instead of one")
    return contents[0]


def _read(log: bytes, token: str, where: str) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """(record, content after it) of each record; the tokens and digests are checked."""
    records: list[tuple[dict[str, Any], bytes | None]] = []
    pending: list[bytes] = []
    lines = log.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith(b"{"):
            pending.append(line)
            continue
        record = _parse(line, number, where)
        if "error" in record:
            raise VolumeError(f"{where} reports {record['error']}")
        if "end" in record:
            if record["end"] != token or number != len(lines) or pending:
                raise VolumeError(f"{where} has an end that is not its own, at line {number}")
            return iter(records)
        if "sent" in record:
            if not records or records[-1][1] is not None:
                raise VolumeError(f"{where} has content without a file, at line {number}")
            records[-1] = (records[-1][0], _content(pending, record, records[-1][0], where))
            pending = []
        else:
            if pending:
                break
            records.append((record, None))
    raise VolumeError(
        f"{where} is cut off or damaged after {len(log)} bytes: its end is missing. "
        "The kubelet keeps 10 MiB of a container's log (containerLogMaxSize); less here?"
    )


def _parse(line: bytes, number: int, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        raise VolumeError(f"{where} is cut off or damaged at line {number}") from None
    if not isinstance(record, dict):
        raise VolumeError(f"{where} is cut off or damaged at line {number}")
    return record


def _content(
    lines: list[bytes], sent: Mapping[str, Any], announced: Mapping[str, Any], where: str
) -> bytes:
    try:
        data = b"".join(base64.b64decode(line, validate=True) for line in lines)
    except binascii.Error:
        raise VolumeError(f"{where} is damaged: its content is not base64") from None
    digest = hashlib.sha256(data).hexdigest()
    expected = announced.get("sha256", digest)
    if not (
        len(data) == sent.get("sent") == announced.get("size")
        and digest == sent.get("sha256") == expected
    ):
        raise VolumeError(
            f"{where} is damaged: {len(data)} bytes of {announced.get('size')} came, "
            "and their digest is another"
        )
    return data
