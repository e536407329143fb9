"""The cgroup hierarchies that this process sees: of version 1, of version 2, or of both (hybrid).

Formats: cgroups(7) for /proc/PID/cgroup, proc(5) for mountinfo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_ESCAPE = re.compile(r"\\([0-7]{3})")
# What a path begins with that lies outside of the cgroup namespace of its reader.
_OUTSIDE = "/.."


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted hierarchy.

    `controllers` are those of a hierarchy of version 1; in version 2 each cgroup says itself which
    it has. `own` is the directory of this process's cgroup; None if it is not within the mount.
    """

    version: Literal[1, 2]
    controllers: frozenset[str]
    mount: Path
    own: Path | None
    readonly: bool


def hierarchies(cgroup: str, mountinfo: str) -> list[Hierarchy]:
    """The hierarchies, from the texts of /proc/self/cgroup and /proc/self/mountinfo.

    Of several mounts of one hierarchy, the one that serves best: writable, and with our cgroup.
    """
    paths = dict(_memberships(cgroup))
    best: dict[frozenset[str], Hierarchy] = {}
    for found, root in _mounts(mountinfo):
        key = found.controllers
        path = paths.get(key)
        own = None if path is None else _below(found.mount, root, path)
        hierarchy = Hierarchy(found.version, key, found.mount, own, found.readonly)
        known = best.get(key)
        if known is None or _merit(hierarchy) > _merit(known):
            best[key] = hierarchy
    return list(best.values())


def _merit(hierarchy: Hierarchy) -> tuple[bool, bool]:
    return hierarchy.own is not None, not hierarchy.readonly


def _memberships(cgroup: str) -> Iterator[tuple[frozenset[str], str]]:
    """Controllers (none: version 2) and path of each line `ID:CONTROLLERS:PATH`."""
    for line in cgroup.splitlines():
        _, names, path = line.split(":", 2)
        yield frozenset(names.split(",")) if names else frozenset(), path


def _mounts(mountinfo: str) -> Iterator[tuple[Hierarchy, str]]:
    """Each cgroup mount, and which cgroup is its root."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        _, _, _, root, target, options, *_ = before.split(" ")
        kind, _, super_options = after.split(" ", 2)
        if kind not in {"cgroup", "cgroup2"}:
            continue
        controllers = frozenset(_controllers(super_options)) if kind == "cgroup" else frozenset()
        readonly = "ro" in {*options.split(","), *super_options.split(",")}
        mount = Path(_unescaped(target))
        version: Literal[1, 2] = 1 if kind == "cgroup" else 2
        yield Hierarchy(version, controllers, mount, None, readonly), _unescaped(root)


def _controllers(super_options: str) -> Iterator[str]:
    # Options that are no controllers; a named hierarchy (`name=systemd`) is a key of its own.
    other = {"rw", "ro", "noprefix", "clone_children", "xattr", "release_agent"}
    for option in super_options.split(","):
        if option not in other and not option.startswith("release_agent="):
            yield option


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def _below(mount: Path, root: str, path: str) -> Path | None:
    """Where the cgroup `path` is seen in a mount whose root is the cgroup `root`."""
    if root.startswith(_OUTSIDE) or path.startswith(_OUTSIDE):
        return None
    if root == "/":
        return mount / path.lstrip("/")
    if path == root or path.startswith(f"{root}/"):
        return mount / path.removeprefix(root).lstrip("/")
    return None
