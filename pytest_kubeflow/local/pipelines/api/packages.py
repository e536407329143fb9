"""Pipeline packages as they are uploaded: YAML or JSON, bare or in a .tar.gz or .zip.

Rules and messages: backend/src/apiserver/server/util.go, ReadPipelineFile.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

from pytest_kubeflow.local.pipelines.api.errors import invalid

LARGEST = 32 * 1024 * 1024
_MAIN = "pipeline.yaml"
_SUFFIXES = (".yaml", ".yml", ".json")


def read_package(content: bytes) -> bytes:
    """The text of the pipeline in a package. RequestError: not a package, or a broken one."""
    if len(content) > LARGEST:
        raise invalid(f"File size too large. Maximum supported size: {LARGEST}")
    if content.startswith(b"\x1f\x8b"):
        return _from_tarball(content)
    if content.startswith(b"PK\x03\x04"):
        return _from_zip(content)
    if not content.strip():
        raise invalid("Error read pipeline file: it is empty")
    return content


def _from_tarball(content: bytes) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            files = {one.name: one for one in archive if one.isfile()}
            chosen = files[_choose(list(files))]
            if chosen.size > LARGEST:
                raise invalid(f"File size too large. Maximum supported size: {LARGEST}")
            file = archive.extractfile(chosen)
            assert file is not None  # regular files can be read
            return file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise invalid(f"Error extracting pipeline from the tarball file: {error}") from None


def _from_zip(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {one.filename: one for one in archive.infolist() if not one.is_dir()}
            chosen = files[_choose(list(files))]
            if chosen.file_size > LARGEST:
                raise invalid(f"File size too large. Maximum supported size: {LARGEST}")
            return archive.read(chosen)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise invalid(f"Error extracting pipeline from the zip file: {error}") from None


def _choose(names: list[str]) -> str:
    """`pipeline.yaml`, or else the only file there is."""
    for name in names:
        if PurePosixPath(name).name == _MAIN:
            return name
    candidates = [name for name in names if PurePosixPath(name).suffix in _SUFFIXES]
    if not candidates:
        raise invalid("Error extracting pipeline from the archive: it holds no YAML or JSON file")
    return candidates[0]
