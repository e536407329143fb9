"""Layers are laid one over the other, and nothing of them gets out of the image."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.images.layers import LayerError, unpack

File, Link, Folder, Hard = "file", "link", "folder", "hard"
Entry = tuple[str, str, str]


def layer(*entries: Entry) -> bytes:
    """A tar of (kind, path, content or target)."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for kind, path, value in entries:
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755 if kind == Folder else 0o644
            if kind == Folder:
                entry.type = tarfile.DIRTYPE
            elif kind in {Link, Hard}:
                entry.type = tarfile.SYMTYPE if kind == Link else tarfile.LNKTYPE
                entry.linkname = value
            entry.size = len(value) if kind == File else 0
            archive.addfile(entry, io.BytesIO(value.encode()) if kind == File else None)
    return written.getvalue()


def image(tmp_path: Path, *layers: bytes) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    paths = []
    for number, content in enumerate(layers):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(gzip.compress(content) if number % 2 else content)
    unpack(paths, [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers], root)
    return root


def test_a_later_layer_changes_adds_and_removes(tmp_path: Path) -> None:
    root = image(
        tmp_path,
        layer((File, "a", "1"), (File, "d/b", "1"), (File, "d/c", "1"), (File, "e/x", "1")),
        layer((File, "a", "2"), (File, "d/.wh.b", ""), (File, "d/n", "2"), (File, ".wh.e", "")),
    )
    files = {
        str(one.relative_to(root)): one.read_text() for one in root.rglob("*") if one.is_file()
    }
    assert files == {"a": "2", "d/c": "1", "d/n": "2"}


def test_an_opaque_directory_hides_what_was_in_it(tmp_path: Path) -> None:
    root = image(
        tmp_path,
        layer((File, "d/old", "1"), (File, "d/more/old", "1")),
        layer((File, "d/.wh..wh..opq", ""), (File, "d/new", "2")),
    )
    assert sorted(one.name for one in (root / "d").iterdir()) == ["new"]


def test_links(tmp_path: Path) -> None:
    root = image(
        tmp_path,
        layer((File, "usr/bin/a", "1"), (Link, "bin", "usr/bin"), (Hard, "hard", "usr/bin/a")),
        # As containerd has it: a file goes to where the link leads, a directory replaces it.
        layer((File, "bin/b", "2"), (Link, "etc", "/usr")),
        layer((File, "etc/c", "3")),
    )
    assert (root / "usr/bin/b").read_text() == "2"
    assert (root / "usr/c").read_text() == "3"
    assert (root / "hard").read_text() == "1"


def test_a_directory_replaces_a_link(tmp_path: Path) -> None:
    """As in Debian's images, whose /bin is a link."""
    replaced = image(
        tmp_path,
        layer((File, "usr/bin/a", "1"), (Link, "bin", "usr/bin")),
        layer((Folder, "bin", ""), (File, "bin/b", "2")),
    )
    assert not (replaced / "bin").is_symlink()
    assert not (replaced / "usr/bin/b").exists()


@pytest.mark.parametrize(
    "entries",
    [
        [(Link, "out", "../../../outside"), (File, "out/file", "x")],
        [(Link, "out", "/outside"), (File, "out/file", "x")],
        [(Link, "a", "b"), (Link, "b", "/../../.."), (File, "a/outside/file", "x")],
    ],
)
def test_links_lead_to_places_inside(entries: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = image(tmp_path, layer(*entries))
    assert (root / "outside/file").read_text() == "x"
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (layer((File, "../../outside", "x")), "leads out of the image"),
        (layer((Link, "a", "b"), (Link, "b", "a"), (File, "a/x", "1")), "lead in a circle"),
        (b"no tar at all" * 100, "failed to extract layer"),
        (b"\x28\xb5\x2f\xfd" + b"0" * 600, "no tar\\+zstd"),
    ],
)
def test_layers_that_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=message):
        image(tmp_path, content)


def test_content_that_is_not_what_the_configuration_says(tmp_path: Path) -> None:
    path = tmp_path / "layer"
    path.write_bytes(layer((File, "a", "1")))
    (tmp_path / "root").mkdir()
    with pytest.raises(LayerError, match="wrong diff id sha256:"):
        unpack([path], [f"sha256:{'0' * 64}"], tmp_path / "root")
