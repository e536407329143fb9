"""Pipeline packages as they are uploaded: YAML or JSON, bare or in a .tar.gz or .zip.

Rules and messages: backend/src/apiserver/server/util.go, ReadPipelineFile.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib

from pytest_kubeflow.local.pipelines.api.errors import invalid

LARGEST = 32 * 1024 * 1024
_MAIN = "pipeline.yaml"
_SUFFIXES = (".yaml", ".yml", ".json")


def read_package(content: bytes, name: str) -> bytes:
    """The text of the pipeline in the file called `name`, whose suffix says first what it is.

    RequestError: not a package, or a broken one.
    """
    if len(content) > LARGEST:
        raise invalid(f"File size too large. Maximum supported size: {LARGEST}")
    if name.endswith(_SUFFIXES):
        return content
    if content.startswith(b"PK"):
        return _from_zip(content)
    if content.startswith(b"\x1f\x8b"):
        return _from_tarball(content)
    raise invalid("Unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML")


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
    """`pipeline.yaml`, or else the first file."""
    chosen = _MAIN if _MAIN in names else (names or [""])[0]
    if not chosen.endswith((".yaml", ".yml")):
        raise invalid(
            "Error extracting pipeline from the archive. Expecting a pipeline.yaml file inside. "
            f"Got: {chosen}"
        )
    return chosen
