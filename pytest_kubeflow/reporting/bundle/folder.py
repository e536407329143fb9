"""Folder: the files of one test, redacted and bounded, with an index that says what is missing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_kubeflow.reporting.bundle.budget import FILE_BYTES, TestBudget

INDEX = "index.json"
README = "README.md"
WRITER = "pytest-kubeflow"
"""By this an index is known for one of ours."""

_ODD = re.compile(r"[^A-Za-z0-9._=+-]+")
_LONGEST = 100


def safe_name(name: str) -> str:
    """`name` as that of a folder on every file system, told apart from all others by its end."""
    plain = _ODD.sub("-", name).strip("-.") or "test"
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:8]
    return f"{plain[-_LONGEST:].lstrip('-.')}-{digest}"


def file_name(name: str) -> str:
    """`name` of something on the cluster as one part of a path."""
    return _ODD.sub("-", name)[:200].strip(".") or "unnamed"


class Folder:
    """Written as it comes. What cannot be is a gap; only `close` and the beginning raise OSError.

    `facts` stand at the top of the index.
    """

    def __init__(
        self,
        path: Path,
        facts: Mapping[str, Any],
        *,
        redact: Callable[[str], str],
        budget: TestBudget,
    ) -> None:
        self.path = path
        self.budget = budget
        self._facts = dict(facts)
        self._redact = redact
        self._files: dict[str, dict[str, Any]] = {}
        self._gaps: list[dict[str, str]] = []
        if is_ours(path):
            shutil.rmtree(path)  # of a run of the same test before this one
        path.mkdir(parents=True)

    def write(self, name: str, description: str, text: str, *, keep_end: bool = False) -> None:
        """A file, with a `description`; of one that is too long, the beginning or the end."""
        if why := self.budget.full:
            self.gap(description, why)
            return
        name, description = self._redact(name).replace("*", "x"), self._redact(description)
        room = min(FILE_BYTES, self.budget.bytes)
        content = self._redact(text).encode("utf-8", "backslashreplace")
        entry: dict[str, Any] = {"what": description, "bytes": len(content)}
        if len(content) > room:
            entry["cut"] = f"its {'last' if keep_end else 'first'} {room} of {len(content)} bytes"
            content = content[-room:] if keep_end else content[:room]
        path = self.path / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            self.gap(description, f"{name} cannot be written: {error.strerror or error}")
            return
        self.budget.take(len(content))
        self._files[name] = entry

    def write_json(self, name: str, description: str, value: Any) -> None:
        """The same of plain data."""
        self.write(
            name, description, json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
        )

    def gap(self, what: str, why: str) -> None:
        """Something is not there."""
        line = {"what": self._redact(what), "why": self._redact(" ".join(why.split()))}
        if line not in self._gaps:
            self._gaps.append(line)

    def close(self) -> None:
        """Write the index, for people and for programs. Raises OSError."""
        facts = {name: self._redact(str(value)) for name, value in self._facts.items()}
        index = {"writer": WRITER, **facts, "files": self._files, "missing": self._gaps}
        (self.path / README).write_text(self._readme(facts), "utf-8", "backslashreplace")
        # Last: a folder without it was cut short.
        content = json.dumps(index, indent=1, ensure_ascii=False) + "\n"
        (self.path / INDEX).write_text(content, "utf-8", "backslashreplace")
        self.budget.close()

    def _readme(self, facts: Mapping[str, str]) -> str:
        lines = [f"# {facts.get('test', self.path.name)}", ""]
        lines += [f"- {name}: {value}" for name, value in facts.items() if name != "test" and value]
        lines += ["", "## Files", ""]
        for name, entry in self._files.items():
            cut = f" ({entry['cut']})" if "cut" in entry else ""
            lines.append(f"- `{name}`: {entry['what']}{cut}")
        if self._gaps:
            lines += ["", "## Not there", ""]
            lines += [f"- {gap['what']}: {gap['why']}" for gap in self._gaps]
        return "\n".join(lines) + "\n"


def is_ours(path: Path) -> bool:
    """Whether a folder was written by this plugin, to its end."""
    return read_index(path) is not None


def read_index(path: Path) -> dict[str, Any] | None:
    """The index of a folder; None if it has none of ours."""
    try:
        found = json.loads((path / INDEX).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("writer") == WRITER else None
