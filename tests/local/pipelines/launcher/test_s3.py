"""The S3 client: its signatures against minio-py's, and its work against the real SeaweedFS."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minio import Minio, signer
from minio.credentials.credentials import Credentials
from minio.helpers import queryencode

from pytest_kubeflow.local.cluster import Endpoints
from pytest_kubeflow.local.pipelines.launcher.artifacts import (
    ArtifactStore,
    bucket_and_key,
    local_path,
)
from pytest_kubeflow.local.pipelines.launcher.errors import ComponentError
from pytest_kubeflow.local.pipelines.launcher.http_request import RetryBudget
from pytest_kubeflow.local.pipelines.launcher.s3 import Bucket, StoreError, quote
from tests.local.pipelines.member import name

KEY = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(KEY)
def test_paths_are_quoted_as_minio_does(text: str) -> None:
    assert quote(text) == queryencode(text)


@given(
    method=st.sampled_from(["GET", "PUT"]),
    path=KEY,
    query=st.dictionaries(st.sampled_from(["list-type", "prefix", "token"]), KEY),
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
)
def test_signatures_are_minios(method: str, path: str, query: dict[str, str], secret: str) -> None:
    bucket = Bucket("http://s:9000", "b", region="eu-1", access_key="access", secret_key=secret)
    quoted = quote(f"/b/{path}", also=b"/")
    text = "&".join(f"{quote(key)}={quote(query[key])}" for key in sorted(query))
    ours = bucket._signed(method, quoted, text, "s:9000")
    moment = datetime.strptime(ours["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    headers = {one: ours[one] for one in ("host", "x-amz-content-sha256", "x-amz-date")}
    url = urlsplit(f"http://s:9000{quoted}" + (f"?{text}" if text else ""))
    theirs = signer.sign_v4_s3(
        method=method,
        url=url,
        region="eu-1",
        headers=dict(headers),
        credentials=Credentials("access", secret),
        content_sha256=ours["x-amz-content-sha256"],
        date=moment,
    )

    def signature(value: Any) -> str:
        (found,) = re.findall("Signature=([0-9a-f]{64})", str(value))
        return str(found)

    assert signature(ours["authorization"]) == signature(theirs["Authorization"])
    assert "Credential=access/" in ours["authorization"]


@pytest.fixture(scope="module")
def minio(cluster: Endpoints) -> Minio:
    client = Minio(
        cluster.s3_endpoint.removeprefix("http://"),
        cluster.s3_access_key,
        cluster.s3_secret_key,
        secure=False,
        region="us-east-1",
    )
    Bucket(
        cluster.s3_endpoint,
        "mlpipeline",
        region="us-east-1",
        access_key=cluster.s3_access_key,
        secret_key=cluster.s3_secret_key,
        retry_budget=RetryBudget(20),  # for a store that is just starting
    ).keys("nothing")
    return client


@pytest.fixture
def bucket(cluster: Endpoints, minio: Minio) -> Bucket:
    return Bucket(
        cluster.s3_endpoint,
        "mlpipeline",
        region="us-east-1",
        access_key=cluster.s3_access_key,
        secret_key=cluster.s3_secret_key,
    )


@pytest.fixture
def prefix() -> str:
    return f"tests/{name()}"


NAMES = ["plain", "with space", "größe", "a+b&c=d?e#f%20", 'quote\'s "double"', "x/y/z", "(1)~*"]


def test_what_is_put_is_there_for_others(
    bucket: Bucket, minio: Minio, prefix: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    for text in NAMES:
        path.write_bytes(text.encode())
        bucket.put(f"{prefix}/{text}", str(path))
    for text in NAMES:
        assert minio.get_object("mlpipeline", f"{prefix}/{text}").read() == text.encode()
    assert sorted(bucket.keys(f"{prefix}/")) == sorted(f"{prefix}/{text}" for text in NAMES)


def test_what_others_put_is_got(bucket: Bucket, minio: Minio, prefix: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for text in NAMES:
        source.write_bytes(text.encode())
        minio.fput_object("mlpipeline", f"{prefix}/{text}", str(source))
        bucket.get(f"{prefix}/{text}", str(tmp_path / "new" / "folder" / "file"))
        assert (tmp_path / "new" / "folder" / "file").read_bytes() == text.encode()


def test_large_and_empty_files_keep_their_bytes(
    bucket: Bucket, prefix: str, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for size in (0, 1, 20 << 20):
        block = hashlib.sha256(str(size).encode()).digest()
        source.write_bytes((block * (size // 32 + 1))[:size])
        bucket.put(f"{prefix}/file", str(source))
        bucket.get(f"{prefix}/file", str(target))
        assert target.read_bytes() == source.read_bytes()


def test_lists_have_no_largest_size(
    bucket: Bucket, minio: Minio, prefix: str, tmp_path: Path
) -> None:
    """A page of a listing holds 1000 keys."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    wanted = [f"{prefix}/{number:04}" for number in range(1003)]
    for key in wanted:
        bucket.put(key, str(path))
    assert bucket.keys(prefix) == wanted


def test_refusals_name_their_code(cluster: Endpoints, bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"GET mlpipeline/no/such: NoSuchKey \(status 404\)"):
        bucket.get("no/such", str(tmp_path / "file"))
    assert not (tmp_path / "file").exists()
    for access, secret, code in (
        ("nobody", "x", "InvalidAccessKeyId"),
        (cluster.s3_access_key, "wrong", "SignatureDoesNotMatch"),
    ):
        bad = Bucket(
            cluster.s3_endpoint,
            "mlpipeline",
            region="us-east-1",
            access_key=access,
            secret_key=secret,
        )
        with pytest.raises(StoreError, match=rf"{code} \(status 403\)"):
            bad.keys("")
        (tmp_path / "large").write_bytes(b"x" * (4 << 20))
        with pytest.raises(StoreError, match=rf"{code} \(status 403\)"):
            bad.put("key", str(tmp_path / "large"))


@pytest.fixture
def store(cluster: Endpoints, minio: Minio) -> ArtifactStore:
    keys = cluster.s3_access_key, cluster.s3_secret_key
    return ArtifactStore(cluster.s3_endpoint, "us-east-1", *keys, "minio://mlpipeline/")


def test_directories_come_back_without_their_neighbours(
    store: ArtifactStore, minio: Minio, prefix: str, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "top").write_text("top")
    (folder / "deep" / "below").write_text("below")
    uri = f"minio://mlpipeline/{prefix}/data"
    store.upload("data", {"uri": uri, "customPath": str(folder)})
    # An artifact of a longer name, and the marker that some clients make for folders.
    (tmp_path / "other").write_text("other")
    minio.fput_object("mlpipeline", f"{prefix}/data2", str(tmp_path / "other"))
    store.download("data", {"uri": uri, "customPath": str(tmp_path / "in")})
    found = {
        str(path.relative_to(tmp_path / "in")): path.read_text()
        for path in (tmp_path / "in").rglob("*")
        if path.is_file()
    }
    assert found == {"top": "top", "deep/below": "below"}
    assert not (tmp_path / "in2").exists()


def test_what_is_elsewhere_is_left_alone(
    store: ArtifactStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifact = {"uri": "https://example.com/data"}
    store.upload("data", artifact)
    store.download("data", artifact)
    found = capsys.readouterr().err
    assert 'Output Artifact "data" does not have a recognized storage URI' in found
    assert 'Input Artifact "data" does not have a recognized storage URI' in found


@pytest.mark.parametrize(
    "uri", ["minio://b/v2/q/run/x", "s3://b/v2/p/run/x", "gs://other/x", "minio://b/v2/p/run/"]
)
def test_outputs_stay_below_the_runs_root(tmp_path: Path, uri: str) -> None:
    store = ArtifactStore("http://127.0.0.1:1", "us-east-1", "a", "s", "minio://b/v2/p/run")
    message = (
        'failed to upload output artifact "data": URI ".*" (does not have expected|has empty key)'
    )
    for custom in ({}, {"customPath": str(tmp_path)}):
        with pytest.raises(ComponentError, match=message):
            store.upload("data", {"uri": uri, **custom})
    store.upload("data", {"uri": "oci://registry/model", "customPath": str(tmp_path)})


def test_google_has_no_credentials_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bucket is opened all the same, as Go CDK does it; the first object fails."""
    store = ArtifactStore("http://127.0.0.1:1", "us-east-1", "a", "s", "gs://b/root/p/run")
    store.open()
    assert "could not find default credentials" in capsys.readouterr().out
    there = {"uri": "gs://b/root/p/run/mk/o", "customPath": str(tmp_path / "o")}
    store.upload("o", there)
    assert "does not exist" in capsys.readouterr().err  # components may leave some out
    (tmp_path / "o").mkdir()
    store.upload("o", there)
    (tmp_path / "o" / "weights").write_text("x")
    message = (
        r'failed to upload output artifact "o" to remote storage URI "gs://b/root/p/run/mk/o": '
        r'uploadFile\(\): .* remote storage "root/p/run/mk/o/weights": failed to close Writer .*'
        r"private key should be a PEM"
    )
    with pytest.raises(ComponentError, match=message):
        store.upload("o", there)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("file:///data/run", "unsupported Cloud bucket"),
        ("hdfs://b/run", "unsupported Cloud bucket"),
        ("azblob://b/run", "unsupported Cloud bucket"),
        ("no-scheme", "unrecognized pipeline root format"),
    ],
)
def test_a_root_that_is_no_bucket(root: str, message: str) -> None:
    store = ArtifactStore("http://127.0.0.1:1", "us-east-1", "a", "s", root)
    with pytest.raises(ComponentError, match=f'parse bucket config failed: {message}: "{root}"'):
        store.open()


def test_failures_name_artifact_and_place(cluster: Endpoints, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    artifact = {"uri": "minio://mlpipeline/x/data", "customPath": str(tmp_path / "file")}
    keyless = ArtifactStore(cluster.s3_endpoint, "us-east-1", "", "", "minio://mlpipeline/x")
    message = (
        'failed to upload output artifact "data" to remote storage URI "minio://mlpipeline/x/data"'
    )
    with pytest.raises(ComponentError, match=f"{message}: this namespace has no Secret"):
        keyless.upload("data", artifact)
    wrong = ArtifactStore(cluster.s3_endpoint, "us-east-1", cluster.s3_access_key, "wrong", "")
    with pytest.raises(ComponentError, match=r'input artifact "data" .*SignatureDoesNotMatch'):
        wrong.download("data", artifact)


def test_uris_have_their_places() -> None:
    assert bucket_and_key("minio://b/k/l") == ("b", "k/l")
    assert bucket_and_key("s3://b/k/") == ("b", "k")
    assert bucket_and_key("gs://b/k") is None
    assert local_path({"uri": "minio://b/k"}) == "/minio/b/k"
    assert local_path({"uri": "s3://b/k"}) == "/s3/b/k"
    assert local_path({"uri": "gs://b/k"}) == "/gcs/b/k"
    assert local_path({"uri": "https://b/k"}) is None
    assert local_path({"uri": "minio://b/k", "customPath": "/own"}) == "/own"
