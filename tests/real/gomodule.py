"""A Go module for another version of Kubernetes than the pinned one.

k8s.io/kubernetes requires the libraries of its own release as v0.0.0, and replaces them by what
lies beside it. Who builds it as a module has to name their versions: 1.31.14 has v0.31.14 of each.
Where the module proxy lacks one of them, the last release before it stands in.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PROGRAMS = "programs.go"
_GO = re.compile(r"^(?:go|godebug) .+$", re.MULTILINE)
_LIBRARY = re.compile(r"^\s*(?:require )?(k8s\.io/\S+) v0\.0\.0(?![-\w])", re.MULTILINE)


class NoModuleError(Exception):
    """A module of this version cannot be had; the message has Go's words."""


def for_version(pinned: Path, version: str, directory: Path) -> None:
    """Write into `directory` the module that builds what `pinned` does, of `version`.

    Raises NoModuleError.
    """
    directory.mkdir()
    shutil.copy(pinned / _PROGRAMS, directory)
    asked = f"k8s.io/kubernetes@v{version}"
    (found,) = _downloaded([asked], directory)
    if "Error" in found:
        raise NoModuleError(found["Error"])
    theirs = Path(found["GoMod"]).read_text()
    release = f"v0.{version.partition('.')[2]}"
    libraries = [f"{name}@{release}" for name in _LIBRARY.findall(theirs)]
    lines = ["module pytest-kubeflow.invalid/kubernetes", *_GO.findall(theirs)]
    lines.append(f"require k8s.io/kubernetes v{version}")
    for module in _downloaded(libraries, directory):
        # What is not there at all is left to the build: the programs do not need all of them.
        if there := _before(module, directory) if "Error" in module else release:
            lines.append(f"require {module['Path']} {there}")
    (directory / "go.mod").write_text("\n".join([*lines, ""]))


def _downloaded(modules: Iterable[str], directory: Path) -> list[dict[str, Any]]:
    """What Go says of each of these modules: where it is now, or `Error`."""
    message = _go(["mod", "download", "-json", *modules], directory).stdout
    decoder, place, found = json.JSONDecoder(), 0, []
    while place < len(message.rstrip()):
        one, place = decoder.raw_decode(message, place)
        found.append(one)
        place += len(message[place:]) - len(message[place:].lstrip())
    return found


def _before(missing: dict[str, Any], directory: Path) -> str:
    """The last release before the one that is missing, of the same minor version; "" if none."""
    wanted = _numbers(missing["Version"])
    message = _go(["list", "-m", "-versions", missing["Path"]], directory).stdout
    there = [_numbers(one) for one in message.split()[1:] if "-" not in one]
    before = [one for one in there if one[:2] == wanted[:2] and one < wanted]
    return "v" + ".".join(map(str, max(before))) if before else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))


def _go(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    # Outside of any module, where nothing else decides on versions.
    return subprocess.run(
        [*("go", *arguments)], cwd=directory, capture_output=True, text=True, check=False
    )
