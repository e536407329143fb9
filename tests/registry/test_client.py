"""The client of registries: what it pushes is there, and each refusal is one clear line."""

from __future__ import annotations

import base64
import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.config.imagemirror import ImageMirror, ImageMirrors
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.errors import ClusterUnreachable, ConfigurationError, KubeflowError
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.registry import client as registry_client
from pytest_kubeflow.registry.client import RegistryClient
from pytest_kubeflow.registry.credentials import RegistryLogin, read_logins
from pytest_kubeflow.registry.errors import RegistryError
from pytest_kubeflow.registry.inspection import inspect
from pytest_kubeflow.registry.layer import layer_of
from pytest_kubeflow.registry.logins import RegistryLogins
from pytest_kubeflow.registry.maker import ImageMaker
from tests.local.registry.serving import PASSWORD, USER, registry
from tests.registry.answering import Request, Response, answering

LOGIN = RegistryLogin(USER, Secret(PASSWORD))
BASE = "python:3.11-slim"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


def maker(place: str, base: str = BASE, mirrors: tuple[ImageMirror, ...] = ()) -> ImageMaker:
    settings = ImageSettings(
        registry=place, username=USER, password=Secret(PASSWORD), mirrors=mirrors
    )
    return ImageMaker(
        place,
        RegistryLogins(settings, Redactor()),
        base=base,
        mirrors=ImageMirrors(mirrors),
        ownership=Ownership("tests"),
    )


def test_an_image_is_what_was_pushed(place: str) -> None:
    with_files = maker(place)
    image = with_files(
        {"/opt/a/run.sh": "#!/bin/sh\n", "/opt/a/text": b"\xff"},
        environment={"PATH": "/opt/a", "X": "1=2"},
        user="12:34",
    )
    client = with_files.client
    manifest = client.manifest(image.reference)
    assert manifest.digest == image.digest == client.digest(ImageReference.parse(str(image)))
    config = json.loads(client.blob(image.reference.repository, manifest.config))
    assert config["config"]["User"] == "12:34"
    assert {"PATH=/opt/a", "X=1=2"} <= set(config["config"]["Env"])
    assert len(config["rootfs"]["diff_ids"]) == len(manifest.layers) == 2
    layer = client.blob(image.reference.repository, str(manifest.layers[-1]["digest"]))
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        found = {one.name: one.mode for one in archive}
    assert found == {"opt/a/run.sh": 0o755, "opt/a/text": 0o644}
    assert inspect(client, image.reference).users == {image.architecture: "12:34"}
    with_files.close()
    with pytest.raises(RegistryError) as raised:
        client.manifest(image.reference)
    assert raised.value.status == 404


def test_an_image_for_another_platform_is_an_index_of_that_alone(place: str) -> None:
    images = maker(place)
    image = images({"/a": "1"}, platform="linux/arm64/v8")
    seen = inspect(images.client, image.reference)
    assert seen.users == {"arm64": ""}
    assert seen.digests == {image.digest, image.inner}
    assert images.client.manifest(image.reference).platforms() == {"linux/arm64/v8": image.inner}
    images.close()


def test_a_tag_that_is_pushed_again_leads_to_the_new_image(place: str) -> None:
    images = maker(f"{place}/folder")
    first = images({"/a": "1"})
    assert first.reference.repository.startswith("folder/kf-images/kf-image-")
    second = images({"/a": "2"}, name=first.reference.repository)
    assert first.by_tag == second.by_tag
    assert images.client.digest(first.reference) == second.digest != first.digest
    images.close()


def test_the_same_files_are_the_same_layer(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("x")
    files: dict[str, bytes | str | Path] = {"/b": tmp_path / "folder", "/a": "y"}
    assert layer_of(files) == layer_of(dict(reversed(files.items())))


@pytest.mark.parametrize(
    "path", ["relative", "/a/../../etc/passwd", "/", "", "/a\0b", "/\ud800", 5]
)
def test_paths_that_are_none_of_an_image(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="is no absolute path of a file in an image"):
        layer_of({path: "x"})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["/a"], "the files of an image are a dictionary, such as .*, not a list"),
        ({"/a": 5}, "/a of an image is text, bytes or the Path of a file, not 5"),
        ({"/a": None}, "/a of an image is text, bytes or the Path of a file, not None"),
        ({"/a": "\ud800"}, "not text that UTF-8 does not have"),
        ({"/a/b": "1", "/a//b": "2"}, "/a/b is there twice among the files of an image"),
        ({"/a": "1", "/a/b": "2"}, "/a is a file of an image, and cannot have /a/b"),
    ],
)
def test_files_that_are_none_of_an_image(files: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        layer_of(files)
    assert "\n" not in raised.value.message


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 42)  # 4 TiB, of which nothing is on the disk
    with pytest.raises(ConfigurationError, match="are 4194304 MiB together: 512 MiB is the most"):
        layer_of({"/large": tmp_path / "large"})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no file .*/nothing for /a of an image"):
        layer_of({"/a": tmp_path / "nothing"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "UPPER"}, "is no image to be pushed: 'UPPER'.*lower case"),
        ({"name": "../../x"}, "is no image to be pushed"),
        ({"name": "a?b#c"}, "is no image to be pushed"),
        ({"tag": "a b"}, "is no image to be pushed: 'a b' is no tag"),
        ({"tag": ""}, "is no image to be pushed: '' is no tag"),
        ({"tag": "../x"}, "is no image to be pushed"),
        ({"base": "A B"}, "A B is no image to begin with"),
        ({"environment": {"A": 1}}, "the environment of an image has 'A': 1; names and values"),
        ({"environment": {"A=B": "1"}}, "the environment of an image has 'A=B'"),
        ({"environment": ["A"]}, "the environment of an image is a dictionary, not a list"),
        ({"user": 1000}, "user=1000 of an image is no text: write '1000'"),
        ({"platform": "arm64"}, "platform='arm64' is none: write it as linux/arm64"),
        ({"platform": ""}, "platform='' is none"),
    ],
)
def test_images_that_cannot_be_pushed(place: str, options: dict[str, Any], message: str) -> None:
    images = maker(place)
    with pytest.raises(ConfigurationError, match=message) as raised:
        images({"/a": "x"}, **options)
    assert "\n" not in raised.value.message
    assert images.made == []


def test_a_base_comes_from_a_mirror(place: str) -> None:
    mirrors = (ImageMirror.parse(f"ghcr.io/own={place}/library"),)
    images = maker(place, "ghcr.io/own/busybox:1", mirrors)
    assert images({"/a": "1"}).digest
    images.close()


def test_a_base_that_is_nowhere(place: str) -> None:
    images = maker(place, f"{place}/nobody/has:1")
    with pytest.raises(RegistryError) as raised:
        images({"/a": "1"})
    assert raised.value.message == (
        f"{place}/nobody/has:1, which images of tests begin with, is not to be had ({place} "
        "refuses GET /v2/nobody/has/manifests/1 (HTTP 404: manifest_unknown: manifest unknown "
        '({"Tag": "1"}))): name another with --kf-base-image, or where it is with '
        "--kf-image-mirror"
    )


@pytest.mark.parametrize("login", [None, RegistryLogin(USER, Secret("planted-wrong-1"))])
def test_a_login_that_is_wrong_or_missing(place: str, login: RegistryLogin | None) -> None:
    with pytest.raises(RegistryError) as raised:
        RegistryClient(place, login).check()
    who = "as tester" if login else "without a login"
    assert raised.value.message == (
        f"{place} lets nobody in {who}: give another with KF_REGISTRY_USERNAME and "
        "KF_REGISTRY_PASSWORD, or --kf-registry-auth-file (HTTP 401: unauthorized: "
        "authentication required)"
    )
    assert (raised.value.status, raised.value.code) == (401, "UNAUTHORIZED")
    assert "planted" not in repr(raised.value)


PAGE = "<html><head><title>Welcome</title></head><body>Welcome to nginx!</body></html>"
ANSWERS = {
    "a page": (Response(200, PAGE, "text/html"), "answers with a page of HTML: is it a registry?"),
    "404 as a page": (Response(404, PAGE, "text/html"), "answers with a page of HTML"),
    "429": (Response(429, '{"errors":[{"code":"TOOMANYREQUESTS"}]}'), "has had too many requests"),
    "403": (
        Response(403, '{"errors":[{"code":"DENIED","message":"no access"}]}'),
        "refuses GET /v2/a/b/manifests/1 (HTTP 403: denied: no access)",
    ),
    "500": (
        Response(500, "oops", "text/plain"),
        "refuses GET /v2/a/b/manifests/1 (HTTP 500: oops)",
    ),
    "no JSON": (Response(200, "hello"), "gives no manifest for"),
    "no manifest": (Response(200, '{"a": 1}'), "has neither config nor manifests"),
    "an odd 401": (Response(401, "", headers={"WWW-Authenticate": "Negotiate"}), "lets nobody in"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_no_registry_is_told_in_one_line(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_client, "MAX_OUTAGE", 0.5)
    response, found = ANSWERS[what]
    with answering(lambda _: response) as place, pytest.raises(RegistryError) as raised:
        RegistryClient(place).manifest(ImageReference.parse(f"{place}/a/b:1"))
    assert found in raised.value.message
    assert raised.value.message.startswith(place)
    assert "\n" not in raised.value.message


def test_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_client, "MAX_OUTAGE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterUnreachable, match=f"nothing listens at {place}"):
        RegistryClient(place).check()


def test_a_token_is_fetched_as_the_registry_asks() -> None:
    """As Docker Hub, GitHub and Harbor do it: distribution's token authentication."""
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        if request.path.startswith("/token"):
            return Response(200, '{"token": "planted-token"}')
        if request.authorization == "Bearer planted-token":
            return Response(200, "{}")
        scope = 'scope="repository:a/b:pull,push"'
        realm = f'Bearer realm="http://{place}/token",service="reg.example",{scope}'
        return Response(401, "", headers={"WWW-Authenticate": realm})

    with answering(answer) as place:
        RegistryClient(place, LOGIN).check()
        RegistryClient(place).check()
    paths = [one.path for one in asked]
    token = "/token?service=reg.example&scope=repository%3Aa%2Fb%3Apull%2Cpush"
    assert paths == ["/v2/", token, "/v2/"] * 2
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert [asked[1].authorization, asked[4].authorization] == [f"Basic {basic}", ""]


def test_passwords_go_to_the_registry_alone() -> None:
    """An upload may lead to a store elsewhere, which is not to know us."""
    seen: list[Request] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request)
        return Response(201, "")

    with answering(elsewhere) as store:

        def answer(request: Request) -> Response:
            if request.method == "HEAD":
                return Response(404)
            if not request.authorization:
                return Response(401, "", headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Response(202, "", headers={"Location": f"http://{store}/there?state=1"})

        with answering(answer) as place:
            RegistryClient(place, LOGIN).push_blob("a/b", b"content")
    (asked,) = seen
    assert asked.path.startswith("/there?state=1&digest=sha256%3A") or asked.path.startswith(
        "/there?state=1&digest=sha256:"
    )
    assert asked.authorization == ""


def test_logins_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    auth = base64.b64encode(b"me:planted:with-colon").decode()
    file.write_text(
        json.dumps(
            {
                "auths": {
                    "https://index.docker.io/v1/": {"auth": auth},
                    "r.example:5000": {"username": "u", "password": "planted-2"},
                    "helped.example": {},
                },
                "credsStore": "desktop",
            }
        )
    )
    redactor = Redactor()
    logins = RegistryLogins(ImageSettings(auth_file=file), redactor)
    hub = logins.of("docker.io")
    assert hub is not None
    assert (hub.username, hub.password.reveal()) == ("me", "planted:with-colon")
    assert logins.of("r.example:5000") == RegistryLogin("u", Secret("planted-2"))
    assert logins.of("helped.example") is None
    assert redactor.redact(f"x {auth} planted:with-colon planted-2") == "x *** *** ***"
    assert "planted" not in repr(hub)


def test_a_login_in_letters_that_base64_does_not_have(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"auths": {"r.example": {"auth": "gehëim"}, "other": {"auth": "dTpw"}}}')
    assert set(read_logins(file)) == {"other"}


def test_a_broken_file_is_told_where_it_is_not_needed(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{{{")
    settings = ImageSettings(
        registry="r.example", username=USER, password=Secret(PASSWORD), auth_file=file
    )
    with pytest.raises(ConfigurationError, match="is no file as docker login writes it"):
        RegistryLogins(settings, Redactor()).of("r.example")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"auths": 1}', "\x00", "[" * 100_000])
def test_a_file_that_has_no_logins(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(KubeflowError, match="is no file as docker login writes it") as raised:
        read_logins(file)
    assert "\n" not in raised.value.message
