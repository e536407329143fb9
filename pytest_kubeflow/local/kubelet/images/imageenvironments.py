"""ImageEnvironments: what images of python programs hold, made in the cache when first pulled.

An image with `Packages` has a layer with an environment of these packages, which its containers
may change for themselves. To make it is what a pull from a registry is elsewhere: it takes long
once, and nothing the next time. Packages come from uv's cache, else from what is installed where
this process runs, else from the machine's package index.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import runpy
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.local.kubelet.images.packagecache import mark_used

_BUILT_AS = "4"  # to be raised when environments of the same packages are built in another way
PREFIX = "opt/conda"
"""Where the environment is in the layer, as in Kubeflow's images."""

_LAST_LINES = 3
_LONG, _LONG_ENDS = b"'''exec' ", b"\n' '''\n"
"""How installers write a script whose interpreter has a long path: distlib, scripts.py."""


class NotMadeError(Exception):
    """An environment cannot be made; the message says why, in uv's words."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Requirements as pip takes them, and what of their own requirements is left out.

    The environment belongs to `owner`, a user and a group.
    """

    requirements: tuple[str, ...]
    without: tuple[str, ...] = ()
    owner: tuple[int, int] = (0, 0)

    @property
    def key(self) -> str:
        """What tells them from others."""
        words = [_BUILT_AS, *self.requirements, "", *self.without, *map(str, self.owner)]
        return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


class ImageEnvironments:
    """Makes environments in `cache`, from the empty one there that is called `base`."""

    def __init__(
        self,
        cache: Path,
        base: str,
        *,
        uv: str,
        index: Mapping[str, str],
        installed: Path,
        shim: Path,
    ) -> None:
        self._cache = cache
        # Nobody but the owner of the cache gets in: who is called so in a container is not.
        self._directory = cache / "images"
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._base = base
        self._uv = uv
        self._index = index
        self._installed = installed
        self._shim = shim
        self._making: dict[str, asyncio.Task[None]] = {}

    def layer(self, packages: Packages) -> Path:
        """The layer with the environment of these packages, made or not."""
        return self._directory / f"{self._base.rpartition('-')[2][:12]}-{packages.key}"

    def is_made(self, packages: Packages) -> bool:
        """Whether it is there; who asks uses it."""
        mark_used(layer := self.layer(packages))
        return layer.is_dir()

    async def make(self, packages: Packages) -> None:
        """Make it unless it is there; who asks meanwhile waits for it. Raises NotMadeError."""
        name = self.layer(packages).name
        if name not in self._making:
            making = asyncio.create_task(asyncio.to_thread(self._make, packages), name=name)
            making.add_done_callback(lambda _: self._making.pop(name, None))
            self._making[name] = making
        await asyncio.shield(self._making[name])

    def _make(self, packages: Packages) -> None:
        layer = self.layer(packages)
        with _locked(layer.with_suffix(".lock")):
            if layer.exists():
                return
            partial = layer.with_name(f"{layer.name}.{uuid.uuid4().hex}")
            place = partial / PREFIX
            try:
                place.parent.mkdir(parents=True)
                empty = self._cache / "environments" / self._base
                shutil.copytree(empty, place, symlinks=True)
                self._fill(place, packages)
                _give(place, packages.owner)
                partial.rename(layer)
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def _fill(self, place: Path, packages: Packages) -> None:
        if not packages.requirements:
            return
        python = str(place / "bin/python3")
        self._install(["--python", python, *packages.requirements], packages.requirements)
        if packages.without:
            self._run("uninstall", ["--python", python, *packages.without])
        for script in (place / "bin").iterdir():
            _repair(script, place)

    def _install(self, arguments: Sequence[str], requirements: Sequence[str]) -> None:
        wheels = self._cache / "wheels"
        local = ["--offline", "--find-links", str(wheels)]
        # Copies: what is written to a file of this environment is not written to uv's cache.
        compiled = ["--compile-bytecode", "--link-mode", "copy"]
        if self._run("install", [*compiled, *local, *arguments]) is None:
            return
        pack = runpy.run_path(str(self._shim / "wheels.py"))["pack"]
        if pack(list(requirements), self._installed, wheels) and (
            self._run("install", [*compiled, *local, *arguments]) is None
        ):
            return
        if (failure := self._run("install", [*compiled, *arguments])) is not None:
            raise NotMadeError(failure)

    def _run(self, command: str, arguments: Sequence[str]) -> str | None:
        """Run one of uv's pip commands; why it failed, if it did."""
        done = subprocess.run(
            [self._uv, "pip", command, "--no-progress", "--color", "never", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={
                **{key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ},
                "UV_INDEX_STRATEGY": "unsafe-best-match",
                **self._index,
                "UV_CACHE_DIR": str(self._cache / "uv"),
                "UV_PYTHON_DOWNLOADS": "never",
            },
        )
        if done.returncode == 0:
            return None
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        kept = [line for line in lines if not line.startswith("Using Python")]
        return " ".join(kept[-_LAST_LINES:]) or f"uv pip {command} ended with {done.returncode}"


def _give(place: Path, owner: tuple[int, int]) -> None:
    """Let it belong to whose it is in containers; an ordinary user's containers own all anyway."""
    if os.getuid() != 0:
        return
    os.chown(place, *owner)
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), *owner, follow_symlinks=False)


def _repair(script: Path, place: Path) -> None:
    """Let a script name the interpreter as it is called in containers."""
    if script.is_symlink() or not script.is_file():
        return
    text = script.read_bytes()
    line, separator, rest = text.partition(b"\n")
    if line == b"#!/bin/sh" and rest.startswith(_LONG):
        # What a kernel would not take as its first line, a shell calls in the next two.
        line, _, rest = rest.partition(_LONG_ENDS)
    if os.fsencode(place) in line:
        script.unlink()
        script.write_bytes(f"#!/{PREFIX}/bin/python3".encode() + separator + rest)
        script.chmod(0o755)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file against the other clusters of this machine."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
