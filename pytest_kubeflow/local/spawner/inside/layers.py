"""A container's root of two layers: what it begins with, and what it writes.

overlayfs puts them together, as it does for container runtimes: the first layer is shared by many
containers, and nothing is copied before it is written to. Kernels refuse it on some file systems,
overlayfs itself among them, and old ones to ordinary users: there the first layer is copied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from . import linux

_WRITTEN, _WORK = "upper", "work"


def compose(root: str, bases: Sequence[str], *, user_namespace: bool) -> None:
    """Mount `bases` at `root`, an empty directory, which also takes what is written there.

    What several of them have is that of the first.
    """
    try:
        _overlay(root, bases, user_namespace=user_namespace)
    except OSError:
        for name in (_WRITTEN, _WORK):
            shutil.rmtree(f"{root}/{name}", ignore_errors=True)
        for base in reversed(bases):
            shutil.copytree(base, root, symlinks=True, dirs_exist_ok=True)
        linux.mount(root, root, flags=linux.MS_BIND)


def _overlay(root: str, bases: Sequence[str], *, user_namespace: bool) -> None:
    for name in (_WRITTEN, _WORK):
        os.mkdir(f"{root}/{name}")
    os.chmod(f"{root}/{_WRITTEN}", 0o755)  # noqa: S103 what `/` of the container has
    layers = {
        "lowerdir": bases,
        "upperdir": [f"{root}/{_WRITTEN}"],
        "workdir": [f"{root}/{_WORK}"],
    }
    # By descriptors, as commas and colons in a path would end an option.
    opened = {
        name: [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths]
        for name, paths in layers.items()
    }
    options = [
        f"{name}={':'.join(f'/proc/self/fd/{fd}' for fd in descriptors)}"
        for name, descriptors in opened.items()
    ]
    if user_namespace:
        options.append("userxattr")
    try:
        # Volatile, as else the container's end would wait until all of the disk is written.
        _mount(root, [*options, "volatile"], otherwise=options)
    finally:
        for descriptors in opened.values():
            for fd in descriptors:
                os.close(fd)


def _mount(root: str, options: list[str], *, otherwise: list[str]) -> None:
    """Mount with `options`, or with others where the kernel does not know all (before 5.10)."""
    try:
        linux.mount("overlay", root, "overlay", data=",".join(options))
    except OSError:
        linux.mount("overlay", root, "overlay", data=",".join(otherwise))
