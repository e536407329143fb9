"""The index of a whole bundle, and a bundle as one file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from pytest_kubeflow.reporting.bundle.folder import INDEX, README, WRITER, read_index
from pytest_kubeflow.reporting.replacing import replacing


@dataclass(frozen=True, slots=True)
class Contents:
    """How many folders, and bytes of files, a bundle has."""

    folders: int
    bytes: int


def write_contents(root: Path, session: str) -> Contents:
    """Write the index of what this session has put below `root`. Raises OSError."""
    entries = []
    lines = [f"# Evidence of session {session}", ""]
    count = 0
    for path in sorted(one for one in root.iterdir() if one.is_dir()):
        index = read_index(path)
        if index is None or index.get("session") != session:
            continue  # of an earlier session, of somebody else, or cut short
        size = sum(int(one.get("bytes") or 0) for one in index["files"].values())
        count += size
        entries.append(
            {
                "folder": path.name,
                "test": index.get("test"),
                "sentence": index.get("sentence"),
                "files": len(index["files"]),
                "missing": len(index["missing"]),
                "bytes": size,
            }
        )
        sentence = f": {index['sentence']}" if index.get("sentence") else ""
        lines.append(f"- [{index.get('test')}]({path.name}/{README}){sentence}")
    if not entries:
        lines.append("Nothing has failed.")
    document = {"writer": WRITER, "session": session, "folders": entries}
    (root / README).write_text("\n".join(lines) + "\n", "utf-8", "backslashreplace")
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (root / INDEX).write_text(text, "utf-8", "backslashreplace")
    return Contents(len(entries), count)


def write_archive(root: Path, target: Path) -> None:
    """All below `root` as one file, which readers see whole or as it was. Raises OSError."""
    with replacing(target) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root))
