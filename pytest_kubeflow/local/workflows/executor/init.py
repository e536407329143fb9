"""`argoexec init`: puts into the pod what its programs need before they start.

Source: argo-workflows v3.7.3 workflow/executor/executor.go (StageFiles, LoadArtifacts).
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer
from pytest_kubeflow.local.workflows.executor.pod import ExecutorError, ExecutorPod, write_file
from pytest_kubeflow.local.workflows.executor.stores import Resolve, Stores, get, relocated
from pytest_kubeflow.local.workflows.podspec import (
    INPUTS,
    RUN_ARGO,
    SCRIPT,
    mounts_of,
    overlapping,
)
from pytest_kubeflow.local.workflows.scope import compact
from pytest_kubeflow.local.workflows.templates import has_location

Json = Any
FAILED = 64


@cache
def _program() -> bytes:
    return Path(__file__).with_name("argoexec").read_bytes()


class Init:
    """What containers called `init` do."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def __call__(self, container: HostedContainer) -> int:
        """The exit code."""
        pod = ExecutorPod(container)
        try:
            template = pod.template()
            await asyncio.to_thread(_stage, pod, template)
            for artifact in (template.get("inputs") or {}).get("artifacts") or ():
                await self._load(pod, template, artifact)
        except (ExecutorError, OSError) as error:
            message = str(error) if isinstance(error, ExecutorError) else _described(error)
            await container.write(f"Error: {message}\n")
            container.explain(message)
            return FAILED
        return 0

    async def _load(self, pod: ExecutorPod, template: Json, artifact: Json) -> None:
        name = artifact["name"]
        if not has_location(artifact):
            if artifact.get("optional"):
                return
            raise ExecutorError(f"required artifact '{name}' not supplied")
        if overlapping(mounts_of(template), artifact["path"]) is None:
            target = pod.place(INPUTS) / name
        else:
            target = pod.mirrored(artifact["path"])
        if "raw" in artifact:
            data = str(artifact["raw"].get("data", "")).encode()
            await asyncio.to_thread(write_file, target, data, 0o644)
        else:
            await self._fetch(pod, template, artifact, target)
        if artifact.get("mode") is not None:
            await asyncio.to_thread(_change_mode, target, artifact)

    async def _fetch(self, pod: ExecutorPod, template: Json, artifact: Json, target: Path) -> None:
        name = artifact["name"]
        try:
            store = relocated(artifact, template.get("archiveLocation"))
            bucket = await Stores(pod, self._resolve).bucket(store)
            partial = target.with_name(f"{target.name}.tmp")
            await asyncio.to_thread(get, bucket, store["key"], partial)
        except ExecutorError as error:
            if error.missing and artifact.get("optional"):
                return
            raise ExecutorError(f"artifact {name} failed to load: {error}") from None
        await asyncio.to_thread(_unpack, partial, target, artifact.get("archive") or {})


def _stage(pod: ExecutorPod, template: Json) -> None:
    pod.write(f"{RUN_ARGO}/argoexec", _program(), 0o755)
    pod.write(f"{RUN_ARGO}/template", compact(template).encode(), 0o444)
    for name in ("ctr", "outputs"):
        directory = pod.place(f"{RUN_ARGO}/{name}")
        directory.mkdir(exist_ok=True)
        directory.chmod(0o777)
    if "script" in template:
        pod.write(SCRIPT, str(template["script"].get("source", "")).encode(), 0o755)


def _unpack(partial: Path, target: Path, archive: Json) -> None:
    """Give an artifact its place; archives are unpacked, unless nobody is to."""
    if "none" in archive or partial.is_dir():
        partial.rename(target)
    elif "zip" in archive:
        _unzip(partial, target)
        partial.unlink()
    elif "tar" in archive or _is_tarball(partial):
        _untar(partial, target)
        partial.unlink()
    else:
        partial.rename(target)


def _is_tarball(path: Path) -> bool:
    try:
        with gzip.open(path) as file:
            head = file.read(512)
    except (OSError, EOFError):
        return False
    return len(head) == 512 and head[257:262] == b"ustar"


def _untar(source: Path, target: Path) -> None:
    folder = target.with_name(f"{target.name}.untar")
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="tar")
    except (tarfile.TarError, EOFError) as error:
        raise ExecutorError(f"failed to untar {source.name}: {error}") from None
    _one_of(folder, target)


def _unzip(source: Path, target: Path) -> None:
    folder = target.with_name(f"{target.name}.unzip")
    try:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)  # noqa: S202 zipfile leaves out what would lead elsewhere
    except zipfile.BadZipFile as error:
        raise ExecutorError(f"failed to unzip {source.name}: {error}") from None
    _one_of(folder, target)


def _one_of(folder: Path, target: Path) -> None:
    """An archive of one thing is this thing, one of several is a directory of them."""
    entries = list(folder.iterdir())
    if len(entries) == 1:
        entries[0].rename(target)
        shutil.rmtree(folder)
    else:
        folder.rename(target)


def _change_mode(target: Path, artifact: Json) -> None:
    mode = int(artifact["mode"])
    target.chmod(mode)
    if artifact.get("recurseMode") and target.is_dir():
        for folder, folders, names in os.walk(target):
            for name in (*folders, *names):
                os.chmod(os.path.join(folder, name), mode, follow_symlinks=False)


def _described(error: OSError) -> str:
    return f"open {error.filename}: {(error.strerror or str(error)).lower()}"
