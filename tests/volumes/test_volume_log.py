import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.errors import VolumeError
from pytest_kubeflow.k8s.volumes import agent as volume_agent
from pytest_kubeflow.k8s.volumes.log import (
    check_path,
    pack,
    parts_of,
    read_files,
    read_part,
    read_records,
)

AGENT = Path(volume_agent.__file__).read_text()
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in {".", ".."})


def agent(**request: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", AGENT, json.dumps({"token": "t", **request})],
        capture_output=True,
        check=False,
        timeout=60,
    )


def unpack(root: Path, source: Path, **request: Any) -> subprocess.CompletedProcess[bytes]:
    where = {"action": "seed", "root": str(root), "source": str(source), "spool": "s"}
    return agent(**{"offset": 0, "last": True, **where, **request})


def seed(root: Path, source: Path, files: dict[str, bytes], chunk: int = 700_000) -> bytes:
    archive = pack(files, chunk=chunk)
    root.mkdir()
    source.mkdir()
    for number, data in enumerate(archive.chunks):
        (source / f"{number:06}").write_bytes(data)
    return unpack(root, source, sha256=archive.sha256, gzip=archive.gzip).stdout


@given(st.dictionaries(NAMES, st.binary(max_size=400), max_size=5), st.integers(1, 500))
def test_chunks_are_small_and_make_up_the_archive(files: dict[str, bytes], chunk: int) -> None:
    archive = pack(files, chunk=chunk)
    assert all(0 < len(each) <= chunk for each in archive.chunks)
    assert hashlib.sha256(b"".join(archive.chunks)).hexdigest() == archive.sha256
    assert archive.files.keys() == files.keys()


@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_parts_cover_a_file_once(size: int, part: int) -> None:
    position = 0
    for offset, length in parts_of(size, part=part):
        assert offset == position
        assert 0 < length <= part
        position += length
    assert position == size


@settings(max_examples=8)
@given(files=st.dictionaries(NAMES, st.binary(max_size=9000), min_size=1, max_size=4))
def test_any_name_and_content_go_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("volume")
    found = read_records(seed(folder / "root", folder / "source", files), "t", "log")
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {each["path"]: each["sha256"] for each in found if "path" in each} == digests
    done = agent(action="look", root=str(folder / "root"), paths=list(files), budget=10**6)
    assert {each.path: each.content for each in read_files(done.stdout, "t", "log")} == files


def test_large_file_in_chunks_and_parts(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    seed(tmp_path / "root", tmp_path / "source", {"a/b/größe.bin": content}, chunk=2000)
    looked = agent(action="look", root=str(tmp_path / "root"), paths=["a/b/größe.bin"], budget=10)
    (record,) = read_files(looked.stdout, "t", "log")
    assert (record.size, record.content) == (len(content), None)
    got = b"".join(
        read_part(
            agent(
                action="part",
                root=str(tmp_path / "root"),
                path="a/b/größe.bin",
                offset=offset,
                size=size,
            ).stdout,
            "t",
            "log",
        )
        for offset, size in parts_of(len(content), part=2_000_000)
    )
    assert got == content


def test_listing_leaves_out_folders_and_tells_sizes(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "x").write_text("not ours")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("four")
    (tmp_path / "c").touch()
    done = agent(action="look", root=str(tmp_path), paths=None, budget=0)
    found = read_files(done.stdout, "t", "log")
    assert [(each.path, each.size) for each in found] == [("a/b", 4), ("c", 0)]


def test_missing_file_and_path_that_leads_out(tmp_path: Path) -> None:
    done = agent(action="look", root=str(tmp_path), paths=["none"], budget=10)
    assert read_files(done.stdout, "t", "log")[0].missing
    done = agent(action="look", root=str(tmp_path), paths=["../../etc/passwd"], budget=10)
    assert done.returncode == 1
    with pytest.raises(VolumeError, match=r"log reports OSError: .*not inside the volume"):
        read_files(done.stdout, "t", "log")


def test_archive_that_did_not_arrive_whole_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "source" / "000000").write_bytes(b"half of it")
    done = unpack(tmp_path / "root", tmp_path / "source", sha256="0" * 64, gzip=False)
    with pytest.raises(VolumeError, match="did not arrive whole"):
        read_records(done.stdout, "t", "log")
    assert list((tmp_path / "root").iterdir()) == []


def test_parts_that_cannot_lie_there_at_once_are_gathered_each_twice(tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    archive = pack({"a": content}, chunk=97)
    whole = {"sha256": archive.sha256, "gzip": archive.gzip}
    root, source = tmp_path / "root", tmp_path / "source"
    root.mkdir()
    source.mkdir()
    (root / ".kf-seed-evicted").write_bytes(b"left by a pod that was evicted")
    offset = 0
    for number, chunk in enumerate(archive.chunks, 1):
        (source / "000000").write_bytes(chunk)
        last = number == len(archive.chunks)
        for _ in range(1 if last else 2):  # a pod that was evicted at its end is made again
            done = unpack(root, source, offset=offset, last=last, **whole)
            assert done.returncode == 0, done.stderr
        offset += len(chunk)
    assert number > 3
    assert [each.name for each in root.iterdir()] == ["a"]
    assert (root / "a").read_bytes() == content
    again = unpack(root, source, offset=offset - len(chunk), last=True, **whole)
    assert {"lost": True} in read_records(again.stdout, "t", "log")
    assert (root / "a").read_bytes() == content


@pytest.fixture(scope="module")
def whole_log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("volume")
    (folder / "file").write_bytes(bytes(range(256)) * 30)
    return agent(action="look", root=str(folder), paths=["file"], budget=10**6).stdout


@given(st.data())
def test_cut_log_is_never_taken_for_a_whole_one(whole_log: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(whole_log) - 2))  # the last newline may go
    start = data.draw(st.integers(0, end))
    with pytest.raises(VolumeError):
        read_files(whole_log[start:end], "t", "log")


@given(st.data())
def test_damaged_log_never_gives_wrong_data(whole_log: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole_log) - 1))
    damaged = whole_log[:at] + data.draw(st.binary(max_size=3)) + whole_log[at + 1 :]
    try:
        (record,) = read_files(damaged, "t", "log")
    except VolumeError:
        return
    assert record.content in {bytes(range(256)) * 30, None}


def test_log_of_another_request_is_refused(whole_log: bytes) -> None:
    with pytest.raises(VolumeError, match="not its own"):
        read_files(whole_log, "another token", "log")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0b"])
def test_path_that_is_no_file_on_the_volume(path: str) -> None:
    with pytest.raises(VolumeError, match="no path of a file on a volume"):
        check_path(path)
