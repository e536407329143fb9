"""What the registry answers is what docker-registry 2.8 answers.

`ANSWERS` is what that one (Debian's docker-registry 2.8.2, htpasswd) said to the same requests.
Where it is installed, it is asked again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.local.registry.serving import PASSWORD, USER, registry

BLOB = b"what a layer holds"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
OTHER = f"sha256:{'a' * 64}"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": "x/y", "digest": DIGEST, "size": len(BLOB)},
        "layers": [],
    }
).encode()
MANIFEST_DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
LACKING = MANIFEST.replace(DIGEST.encode(), OTHER.encode())

ANSWERS: list[tuple[str, str, int, list[str]]] = [
    ("GET", "/v2/", 200, []),
    ("GET", "/v2/a/b/tags/list", 404, ["NAME_UNKNOWN"]),
    ("GET", "/v2/a/b/manifests/1", 404, ["MANIFEST_UNKNOWN"]),
    ("GET", f"/v2/a/b/manifests/{OTHER}", 404, ["MANIFEST_UNKNOWN"]),
    ("GET", f"/v2/a/b/blobs/{OTHER}", 404, ["BLOB_UNKNOWN"]),
    ("HEAD", f"/v2/a/b/blobs/{OTHER}", 404, []),
    ("GET", "/v2/a/b/blobs/uploads/00000000-0000-0000-0000-000000000000", 404, []),
    ("GET", "/v2/A/manifests/1", 404, []),
]


class Asking:
    """Requests with the login, or without."""

    def __init__(self, place: str) -> None:
        self.url = f"http://{place}"
        self._session = requests.Session()
        self._session.auth = (USER, PASSWORD)

    def __call__(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = path if "://" in path else self.url + path
        return self._session.request(method, url, timeout=10, **kwargs)

    def push(self, name: str, content: bytes) -> requests.Response:
        begun = self("POST", f"/v2/{name}/blobs/uploads/")
        assert begun.status_code == 202
        assert begun.headers["Range"] == "0-0"
        place = begun.headers["Location"]
        joint = "&" if "?" in place else "?"
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return self("PUT", f"{place}{joint}digest={digest}", data=content)


@contextmanager
def real(directory: Path) -> Iterator[str]:
    """Debian's docker-registry with one user."""
    bcrypt = pytest.importorskip("bcrypt", reason="docker-registry knows bcrypt alone")
    (directory / "users").write_bytes(
        USER.encode() + b":" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    (directory / "config.yml").write_text(
        f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {directory}/data}}\n"
        "  delete: {enabled: true}\n"
        f"http: {{addr: '{place}'}}\n"
        f"auth:\n  htpasswd: {{realm: basic-realm, path: {directory}/users}}\n"
    )
    program = subprocess.Popen(
        ["docker-registry", "serve", str(directory / "config.yml")],  # noqa: S607 where it is
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    try:
        for line in program.stderr:
            if "listening on" in line:
                break
        yield place
    finally:
        program.terminate()
        program.wait(10)
        program.stderr.close()


@pytest.fixture(scope="module", params=["embedded", "docker-registry"])
def asking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asking]:
    directory = tmp_path_factory.mktemp("registry")
    if request.param == "docker-registry" and shutil.which(request.param) is None:
        pytest.skip("docker-registry is not installed (apt-get install docker-registry)")
    start = registry if request.param == "embedded" else real
    with start(directory) as place:
        yield Asking(place)


@pytest.mark.parametrize(("method", "path", "status", "codes"), ANSWERS)
def test_what_is_not_there(
    asking: Asking, method: str, path: str, status: int, codes: list[str]
) -> None:
    response = asking(method, path)
    assert response.status_code == status
    if codes:
        found = [one["code"] for one in response.json()["errors"]]
        assert [code[: len(wanted)] for code, wanted in zip(found, codes, strict=True)] == codes


@pytest.mark.parametrize("auth", [None, (USER, "wrong"), ("other", PASSWORD)])
def test_strangers_get_nothing(asking: Asking, auth: tuple[str, str] | None) -> None:
    for method, path in (("GET", "/v2/"), ("POST", "/v2/a/b/blobs/uploads/")):
        response = requests.request(method, asking.url + path, auth=auth, timeout=10)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="basic-realm"'
        (error,) = response.json()["errors"]
        assert (error["code"], error["message"]) == ("UNAUTHORIZED", "authentication required")


def test_pushed_and_pulled(asking: Asking) -> None:
    pushed = asking.push("x/y", BLOB)
    assert pushed.status_code == 201
    assert pushed.headers["Docker-Content-Digest"] == DIGEST
    blob = asking("GET", f"/v2/x/y/blobs/{DIGEST}")
    assert blob.content == BLOB
    assert blob.headers["Content-Type"] == "application/octet-stream"
    headers = {"Content-Type": MANIFEST_TYPE}
    put = asking("PUT", "/v2/x/y/manifests/1", data=MANIFEST, headers=headers)
    assert put.status_code == 201
    assert put.headers["Docker-Content-Digest"] == MANIFEST_DIGEST
    for version in ("1", MANIFEST_DIGEST):
        for method in ("GET", "HEAD"):
            got = asking(method, f"/v2/x/y/manifests/{version}", headers={"Accept": MANIFEST_TYPE})
            assert got.status_code == 200
            assert got.headers["Docker-Content-Digest"] == MANIFEST_DIGEST
            assert got.headers["Content-Type"] == MANIFEST_TYPE
            assert got.headers["Content-Length"] == str(len(MANIFEST))
            assert got.content == (MANIFEST if method == "GET" else b"")
    assert asking("GET", "/v2/x/y/tags/list").json() == {"name": "x/y", "tags": ["1"]}
    assert "x/y" in asking("GET", "/v2/_catalog").json()["repositories"]


def test_a_blob_is_of_one_repository_until_it_is_mounted(asking: Asking) -> None:
    asking.push("first", BLOB)
    assert asking("HEAD", f"/v2/second/blobs/{DIGEST}").status_code == 404
    mounted = asking("POST", f"/v2/second/blobs/uploads/?mount={DIGEST}&from=first")
    assert mounted.status_code == 201
    assert asking("HEAD", f"/v2/second/blobs/{DIGEST}").status_code == 200
    other = asking("POST", f"/v2/second/blobs/uploads/?mount={OTHER}&from=first")
    assert other.status_code == 202


def test_an_upload_in_chunks(asking: Asking) -> None:
    begun = asking("POST", "/v2/chunks/blobs/uploads/")
    place = begun.headers["Location"]
    for start in range(0, len(BLOB), 7):
        chunk = BLOB[start : start + 7]
        headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
        went = asking("PATCH", place, data=chunk, headers=headers)
        assert went.status_code == 202
        assert went.headers["Range"] == f"0-{start + len(chunk) - 1}"
        place = went.headers["Location"]
    joint = "&" if "?" in place else "?"
    assert asking("PUT", f"{place}{joint}digest={DIGEST}").status_code == 201


def test_content_of_another_digest_is_refused(asking: Asking) -> None:
    begun = asking("POST", "/v2/wrong/blobs/uploads/")
    joint = "&" if "?" in begun.headers["Location"] else "?"
    wrong = asking("PUT", f"{begun.headers['Location']}{joint}digest={OTHER}", data=BLOB)
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["code"] == "DIGEST_INVALID"


@pytest.mark.parametrize(
    ("content", "code"),
    [(LACKING, "MANIFEST_BLOB_UNKNOWN"), (b"{", "MANIFEST_INVALID"), (b"[]", "MANIFEST_INVALID")],
)
def test_manifests_that_are_refused(asking: Asking, content: bytes, code: str) -> None:
    headers = {"Content-Type": MANIFEST_TYPE}
    put = asking("PUT", "/v2/x/z/manifests/1", data=content, headers=headers)
    assert put.status_code == 400
    assert put.json()["errors"][0]["code"] == code


def test_a_manifest_is_removed_by_its_digest(asking: Asking) -> None:
    asking.push("gone", BLOB)
    headers = {"Content-Type": MANIFEST_TYPE}
    asking("PUT", "/v2/gone/manifests/1", data=MANIFEST, headers=headers)
    assert asking("DELETE", f"/v2/gone/manifests/{MANIFEST_DIGEST}").status_code == 202
    assert asking("GET", f"/v2/gone/manifests/{MANIFEST_DIGEST}").status_code == 404
    assert asking("GET", "/v2/gone/manifests/1").status_code == 404
