"""The seal of a bundle: SHA256SUMS over its files, as sha256sum writes it, and a digest over that.

It shows that nothing was changed since the digest was told, and not who made the bundle.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """The content of SHA256SUMS for these, by name."""
    lines = (f"{_sha256(files[name])}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def sealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """These with their SHA256SUMS, in order."""
    return dict(sorted({**files, SUMS: sums_of(files)}.items()))


def digest_of(files: Mapping[str, bytes]) -> str:
    """The bundle's own digest."""
    return f"sha256:{_sha256(files.get(SUMS, b''))}"


def broken(files: Mapping[str, bytes]) -> Iterator[str]:
    """What of a bundle is not as it was sealed, a sentence each."""
    sums: dict[str, str] = {}
    content = files.get(SUMS, b"").decode(errors="replace")
    for number, line in enumerate(content.splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if found is None or found[2] in sums:
            yield f"{SUMS} is broken: line {number} is no digest of another file"
            return
        sums[found[2]] = found[1]
    for name in sorted(files.keys() - sums.keys() - {SUMS}):
        yield f"{name} is not sealed: {SUMS} does not have it"
    for name in sorted(sums.keys() & files.keys()):
        if _sha256(files[name]) != sums[name]:
            yield f"{name} was changed: its SHA-256 is not the one in {SUMS}"
    if list(sums) != sorted(sums):
        yield f"{SUMS} was changed: its lines are not in order"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
