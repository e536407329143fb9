"""Wheels made from distributions that are installed on the host.

A component installs the very kfp that the client has, so the node usually has what is asked for,
although no index and no cache does. A wheel is a zip of the files in an installed distribution's
RECORD (PEP 376, PEP 427); scripts are left out, for installers make them from entry points.
"""

from __future__ import annotations

import csv
import os
import re
import zipfile
from email.parser import HeaderParser
from pathlib import Path

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def pack(requirements: list[str], installed: Path, target: Path) -> bool:
    """Write the wheels of those requirements, and of all that they require, which are installed.

    Returns whether a new one was made.
    """
    found = {_normal(path.name.split("-")[0]): path for path in installed.glob("*.dist-info")}
    wanted = [name for word in requirements if (name := _requirement(word))]
    made = False
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in found:
            continue
        seen.add(name)
        metadata = HeaderParser().parsestr((found[name] / "METADATA").read_text())
        for line in metadata.get_all("Requires-Dist", []):
            if "extra ==" not in line and (required := _requirement(line)):
                wanted.append(required)
        made = _pack_one(found[name], target) or made
    return made


def _pack_one(info: Path, target: Path) -> bool:
    record, tags = info / "RECORD", info / "WHEEL"
    if not record.is_file() or not tags.is_file() or _editable(info):
        return False
    headers = HeaderParser().parsestr(tags.read_text())
    name = f"{info.name.removesuffix('.dist-info')}-{_tag(headers.get_all('Tag', []))}.whl"
    wheel = target / name
    if wheel.exists():
        return False
    target.mkdir(parents=True, exist_ok=True)
    partial = target / f"{name}.{os.getpid()}.partial"
    kept = []
    with zipfile.ZipFile(partial, "w") as archive, record.open(newline="") as lines:
        for row in csv.reader(lines):
            path = row[0]
            if path.startswith(("..", "/")) or path.endswith((".pyc", "/INSTALLER", "/RECORD")):
                continue
            if not (info.parent / path).is_file():
                partial.unlink()
                return False
            archive.write(info.parent / path, path)
            kept.append(f"{path},{','.join(row[1:])}")
        own = f"{info.name}/RECORD"
        archive.writestr(own, "\n".join([*kept, f"{own},,", ""]))
    partial.rename(wheel)
    return True


def _editable(info: Path) -> bool:
    source = info / "direct_url.json"
    return source.exists() and '"editable": true' in source.read_text()


def _tag(tags: list[str]) -> str:
    """`cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64` from the lines of WHEEL."""
    parts = [sorted(set(column)) for column in zip(*(tag.split("-") for tag in tags), strict=True)]
    return "-".join(".".join(part) for part in parts)


def _requirement(word: str) -> str | None:
    match = None if os.path.exists(word) else _NAME.match(word)
    return _normal(match.group()) if match else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
