"""--kf-report-bucket: what a session writes is put into a real S3 store as well, or stays here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.config.bucketplace import parse_bucket_place, split_bucket_place
from tests.cluster.remote import NAMESPACE, Remote, _clean_environment, remote

__all__ = ["_clean_environment", "remote"]

BUCKET = "nights"
TEST = "def test_it():\n    assert {outcome}\n"
WRITTEN = (
    *("--kf-report=page.html", "--kf-json=night.json", "--junit-xml=j.xml"),
    "--kf-bundle=e.zip",
)


@pytest.fixture(scope="module")
def bucket(remote: Remote) -> Iterator[Any]:
    """A Minio client, with the keys of the store; the bucket is there."""
    remote.store.make_bucket(BUCKET)
    yield remote.store
    for one in remote.store.list_objects(BUCKET, recursive=True):
        remote.store.remove_object(BUCKET, one.object_name)
    remote.store.remove_bucket(BUCKET)


def keys_of(remote: Remote, namespace: str) -> tuple[str, str]:
    data = remote.core.read_namespaced_secret("mlpipeline-minio-artifact", namespace).data
    access, secret = (base64.b64decode(data[key]).decode() for key in ("accesskey", "secretkey"))
    return access, secret


class Sessions:
    """Sessions without a cluster in one folder."""

    def __init__(self, folder: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.remote, self._environment = folder, remote, monkeypatch
        self.sign(*keys_of(remote, "kubeflow"))
        monkeypatch.setenv("KF_REPORT_ENDPOINT", remote.endpoints.s3_endpoint)

    def sign(self, access: str, secret: str) -> None:
        self._environment.setenv("KF_REPORT_ACCESS_KEY", access)
        self._environment.setenv("KF_REPORT_SECRET_KEY", secret)

    def run(self, *arguments: str, outcome: str = "True") -> tuple[int, str]:
        (self.folder / "test_it.py").write_text(TEST.format(outcome=outcome))
        return self.remote.run_with(self.folder, *arguments)


@pytest.fixture
def sessions(tmp_path: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    return Sessions(tmp_path, remote, monkeypatch)


def test_all_that_is_written_is_there(sessions: Sessions, bucket: Any, tmp_path: Path) -> None:
    code, output = sessions.run(f"--kf-report-bucket=s3://{BUCKET}/team/prod", *WRITTEN)
    assert code == 0, output
    session = json.loads((tmp_path / "night.json").read_text())
    (line,) = [one for one in output.splitlines() if one.startswith("uploaded: ")]
    folder = line.removeprefix(f"uploaded: s3://{BUCKET}/").partition(" ")[0]
    assert folder.startswith("team/prod/2")
    assert folder.endswith(f"Z-{session['session']}")
    names = {"report.html": "page.html", "session.json": "night.json", "junit.xml": "j.xml"}
    for name, file in {**names, "evidence.zip": "e.zip"}.items():
        with bucket.get_object(BUCKET, f"{folder}/{name}") as there:
            assert there.read() == (tmp_path / file).read_bytes()
    page = bucket.stat_object(BUCKET, f"{folder}/report.html")
    assert page.content_type == "text/html; charset=utf-8"
    assert "(4 files, http://127.0.0.1" in line


@pytest.mark.parametrize(("outcome", "code"), [("True", 0), ("False", 1)])
def test_a_refusal_changes_no_exit_code_and_keeps_the_files(
    sessions: Sessions, bucket: Any, tmp_path: Path, outcome: str, code: int
) -> None:
    """The keys of a profile reach no further than its own objects."""
    access, secret = keys_of(sessions.remote, NAMESPACE)
    sessions.sign(access, secret)
    found, output = sessions.run(
        f"--kf-report-bucket=s3://{BUCKET}/other", *WRITTEN, outcome=outcome
    )
    assert found == code, output
    (line,) = [one for one in output.splitlines() if one.startswith("not uploaded ")]
    assert "cannot write 'report.html' to s3://nights/other/2" in line
    assert "(AccessDenied); kept: page.html" in line.replace(f"{tmp_path}/", "")
    for file in ("page.html", "night.json", "j.xml", "e.zip"):
        assert (tmp_path / file).stat().st_size
        assert secret.encode() not in (tmp_path / file).read_bytes()
    assert secret not in output
    assert not list(bucket.list_objects(BUCKET, prefix="other/", recursive=True))


def test_a_false_key_is_told_without_it(sessions: Sessions, bucket: Any) -> None:
    sessions.sign("nobody", "not-a-key-of-anybody")
    code, output = sessions.run(f"--kf-report-bucket=s3://{BUCKET}", "--kf-report=page.html")
    assert code == 0
    assert "(InvalidAccessKeyId); kept: " in output
    assert "not-a-key-of-anybody" not in output


def test_what_is_missing_is_told_before_the_first_test(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"--kf-report-bucket=s3://{BUCKET}"
    code, output = sessions.run(place)
    assert (code, "uploads what is written, and nothing is: give --kf-report=FILE" in output) == (
        4,
        True,
    )
    monkeypatch.delenv("KF_REPORT_SECRET_KEY")
    code, output = sessions.run(place, "--kf-report=page.html")
    assert code == 4
    assert "needs keys: set KF_REPORT_ACCESS_KEY and KF_REPORT_SECRET_KEY" in output
    monkeypatch.delenv("KF_REPORT_ENDPOINT")
    code, output = sessions.run(place, "--kf-report=page.html")
    assert code == 4
    assert "needs --kf-report-endpoint=URL, the store that has it" in output
    code, output = sessions.run("--kf-report-secret-key=x", place)
    assert code == 4
    assert "set the environment variable KF_REPORT_SECRET_KEY" in output


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://nights", "nights", ""),
        ("s3://nights/", "nights", ""),
        ("s3://team.nights/a/b=c/", "team.nights", "a/b=c"),
    ],
)
def test_places(text: str, bucket: str, prefix: str) -> None:
    assert split_bucket_place(parse_bucket_place(text)) == (bucket, prefix)


@pytest.mark.parametrize(
    "text", ["nights", "s3://", "s3://N", "s3://nights/../a", "s3://nights//a", "s3://nights/a b"]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not begin|is no "):
        parse_bucket_place(text)
