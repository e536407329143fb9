"""Makes what Containerfile adds to its base image, in a directory, without a container engine.

    python container/rootfs.py DIRECTORY

The instructions are those of Containerfile, read from it: COPY, RUN of pip (by uv, which takes the
same arguments), ENV, USER, WORKDIR, ENTRYPOINT and LABEL. What this does not know ends it with one
line. Packages are for the interpreter that this is run with, and for this machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTAINERFILE = ROOT / "Containerfile"
_PIP = ["python3", "-m", "pip", "install"]
_INTERPRETER = b"#!/usr/local/bin/python3"


class ContainerfileError(Exception):
    """An instruction that is not known here, or that fails; the message says which."""


@dataclass
class Stage:
    """What a stage adds to its base, and what it sets."""

    base: str
    root: Path
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = ""
    working_dir: str = ""
    entrypoint: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """A path of the image as one of this machine."""
        return self.root / path.lstrip("/")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction with what follows it, in one line."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def build(containerfile: Path, context: Path, into: Path) -> Stage:
    """Make the last stage in the directory `into`. Raises ContainerfileError."""
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    with tempfile.TemporaryDirectory(prefix="rootfs-") as scratch:
        for word, rest in instructions(containerfile.read_text(encoding="utf-8")):
            if word == "ARG":
                name, _, value = rest.partition("=")
                arguments[name] = value
            elif word == "FROM":
                base, _, name = rest.partition(" AS ")
                found = re.sub(r"\$\{(\w+)\}", lambda one: arguments[one[1]], base)
                stage = Stage(found, Path(scratch) / str(len(stages)))
                stage.root.mkdir()
                stages[name or str(len(stages))] = stage
            elif stage is None:
                raise ContainerfileError(f"{word} comes before FROM")
            else:
                _apply(stage, word, rest, stages, context)
        assert stage is not None
        shutil.copytree(stage.root, into, symlinks=True, dirs_exist_ok=True)
    stage.root = into
    return stage


def _apply(stage: Stage, word: str, rest: str, stages: dict[str, Stage], context: Path) -> None:
    if word == "COPY":
        _copy(stage, rest, stages, context)
    elif word == "RUN":
        _run(stage, shlex.split(rest))
    elif word in {"ENV", "LABEL"}:
        pairs = dict(one.partition("=")[::2] for one in shlex.split(rest))
        (stage.env if word == "ENV" else stage.labels).update(pairs)
    elif word == "USER":
        stage.user = rest
    elif word == "WORKDIR":
        stage.working_dir = rest
    elif word == "ENTRYPOINT":
        stage.entrypoint = json.loads(rest)
    else:
        raise ContainerfileError(f"{word} is not known to container/rootfs.py")


def _copy(stage: Stage, rest: str, stages: dict[str, Stage], context: Path) -> None:
    words = shlex.split(rest)
    source = context
    if words[0].startswith("--from="):
        name = words.pop(0).removeprefix("--from=")
        if name not in stages:
            raise ContainerfileError(f"COPY --from={name}: there is no such stage")
        source = stages[name].root
    *patterns, target = words
    for pattern in patterns:
        found = sorted(source.glob(pattern.lstrip("/")))
        if not found:
            raise ContainerfileError(
                f"COPY {rest}: there is no {pattern}; the wheel is made by: uv build --wheel"
            )
        for one in found:
            place = stage.inside(target)
            if one.is_dir():
                shutil.copytree(one, place, symlinks=True, dirs_exist_ok=True)
            else:
                place = place / one.name if target.endswith("/") else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(one, place)


def _run(stage: Stage, words: list[str]) -> None:
    """`pip install` into a prefix of the stage."""
    if words[: len(_PIP)] != _PIP:
        raise ContainerfileError(f"RUN {shlex.join(words)}: only {shlex.join(_PIP)} is known here")
    given: list[str] = []
    for one in words[len(_PIP) :]:
        if one == "--no-cache-dir":
            continue
        if not one.startswith("/"):
            given.append(one)
        elif "*" in one:
            given += map(str, sorted(stage.root.glob(one.lstrip("/"))))
        else:
            given.append(str(stage.inside(one)))
    command = [_uv(), "pip", "install", "--python", sys.executable, "--link-mode", "copy", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ContainerfileError(f"RUN {shlex.join(words)}: {done.stderr.strip()[-2000:]}")
    for prefix in stage.root.glob("*/bin"):
        for script in prefix.iterdir():
            _repair(script)


def _repair(script: Path) -> None:
    """Let a script name the interpreter of the image."""
    first, newline, rest = script.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(_INTERPRETER + newline + rest)


def _uv() -> str:
    import uv

    return str(uv.find_uv_bin())


def size_of(root: Path) -> int:
    """Bytes of all files."""
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(root)
        for name in names
    )


def main() -> int:
    """The program; its exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write(f"usage: {sys.argv[0]} DIRECTORY\n")
        return 2
    try:
        made = build(CONTAINERFILE, ROOT, Path(sys.argv[1]))
    except ContainerfileError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{made.root}: {size_of(made.root) / 1e6:.0f} MB on top of {made.base}, "
        f"user {made.user}, entry point {shlex.join(made.entrypoint)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
