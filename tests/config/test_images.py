"""Names of images, and mirrors for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_kubeflow.config.consistency import reconcile
from pytest_kubeflow.config.imagemirror import ImageMirror, ImageMirrors
from pytest_kubeflow.config.imagereference import ImageReference, is_loopback
from pytest_kubeflow.config.setting import Setting
from pytest_kubeflow.errors import ConfigurationError

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
PART = st.from_regex(r"[a-z0-9]{1,9}(?:(?:\.|__?|--?)[a-z0-9]{1,9})?", fullmatch=True)
REPOSITORY = st.lists(PART, min_size=1, max_size=3).map("/".join)
REGISTRY = st.sampled_from(
    ["r.example", "r.example:5000", "localhost", "localhost:5", "10.0.0.1:9"]
)
TAG = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(REGISTRY, REPOSITORY, TAG, st.sampled_from([None, DIGEST]))
def test_a_name_in_full_is_read_as_it_is(
    registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    reference = ImageReference(registry, repository, tag, digest)
    assert ImageReference.parse(str(reference)) == reference


@given(st.text(max_size=60))
def test_what_is_read_is_read_again(text: str) -> None:
    """Any text is a name, or a ValueError of one line."""
    try:
        read = ImageReference.parse(text)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 any text is tried
    else:
        assert ImageReference.parse(str(read)) == read


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("python", "docker.io/library/python"),
        ("python:3.11", "docker.io/library/python:3.11"),
        ("index.docker.io/me/tool", "docker.io/me/tool"),
        ("me/tool@" + DIGEST, f"docker.io/me/tool@{DIGEST}"),
        ("localhost/tool", "localhost/tool"),
        ("r.example:5000/tool:1", "r.example:5000/tool:1"),
        ("127.0.0.1:5000/a/b/c:1@" + DIGEST, f"127.0.0.1:5000/a/b/c:1@{DIGEST}"),
    ],
)
def test_what_is_left_out(text: str, full: str) -> None:
    """As distribution/reference has it (normalize_test.go)."""
    assert str(ImageReference.parse(text)) == full


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Tool", "library/Tool.: the name of a repository must be in lower case"),
        ("tool:", "'' is no tag"),
        ("tool@sha256:12", "'sha256:12' is no digest"),
        ("a//b", "is no name of an image"),
        ("", "is no name of an image"),
        (f"a/{'b' * 300}", "is longer than 255 characters"),
    ],
)
def test_what_is_no_name(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    ("registry", "expected"),
    [("localhost:5000", True), ("127.8.0.1", True), ("[::1]:5", True), ("r.example:5000", False)],
)
def test_loopback(registry: str, expected: bool) -> None:
    assert is_loopback(registry) is expected


MIRRORS = ImageMirrors(
    map(
        ImageMirror.parse,
        ["docker.io=r.example/hub", "docker.io/library=r.example/lib", "python=r.example/py"],
    )
)


@pytest.mark.parametrize(
    ("image", "mirrored"),
    [
        ("python:3.11", "r.example/py:3.11"),
        ("busybox", "r.example/lib/busybox"),
        ("me/tool@" + DIGEST, f"r.example/hub/me/tool@{DIGEST}"),
        ("pythonic/tool:1", "r.example/hub/pythonic/tool:1"),
        ("quay.io/python:3.11", "quay.io/python:3.11"),
        ("r.example/py:3.11", "r.example/py:3.11"),
        ("{{inputs.parameters.image}}", "{{inputs.parameters.image}}"),
    ],
)
def test_the_longest_mirror_counts(image: str, mirrored: str) -> None:
    assert MIRRORS.of(image) == mirrored


def test_a_short_name_of_docker_hub() -> None:
    mirrors = ImageMirrors([ImageMirror.parse("docker.io/python=r.example/py")])
    assert mirrors.of("python:3.11") == "r.example/py:3.11"
    assert mirrors.of("docker.io/python/tool:1") == "r.example/py/tool:1"
    assert mirrors.of("me/python:3.11") == "me/python:3.11"


@given(REGISTRY, REPOSITORY, TAG)
def test_mirrors_are_applied_once(registry: str, repository: str, tag: str | None) -> None:
    mirrors = ImageMirrors([ImageMirror(registry, f"{registry}/mirrored")])
    assume(len(repository) < 200)
    once = mirrors.of(str(ImageReference(registry, repository, tag)))
    assert mirrors.of(once) == once
    assert once.startswith(f"{registry}/mirrored")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("python", "is not OLD=NEW"),
        ("=a.example", "is not OLD=NEW"),
        ("python:3.11=r.example/py", "has a tag or a digest"),
        ("a.example=B.example/Tool", "must be in lower case"),
    ],
)
def test_what_is_no_mirror(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageMirror.parse(text)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("a.io=b.io", "b.io=a.io"), r"io \(from .*\) is never applied: .* leads to"),
        (
            ("a.io=b.io", "b.io=c.io"),
            r"b.io=c.io \(from command line\) is never applied: a.io=b.io leads to b.io",
        ),
        (("docker.io=r.io/hub", "r.io/hub/library/python=r.io/python"), "docker.io=r.io/hub leads"),
        (("a.io=a.io",), "is never applied: both are a.io"),
    ],
)
def test_mirrors_that_are_never_applied(texts: tuple[str, ...], message: str) -> None:
    """What is a mirror's already stays as it is."""
    setting = Setting(tuple(map(ImageMirror.parse, texts)), "command line")
    with pytest.raises(ConfigurationError, match=message) as refused:
        reconcile({"image_mirror": setting})
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("texts", [("docker.io=docker.io/hub",), ("a.io=c.io", "b.io=c.io")])
def test_mirrors_that_are_applied(texts: tuple[str, ...]) -> None:
    reconcile({"image_mirror": Setting(tuple(map(ImageMirror.parse, texts)), "command line")})


def test_images_of_a_manifest() -> None:
    manifest: dict[str, Any] = {
        "spec": {
            "templates": [
                {"container": {"image": "python:3.11", "args": ["image", "python"]}},
                {"script": {"image": "busybox", "source": "echo"}},
            ],
            "image": {"value": "python"},
        }
    }
    found = MIRRORS.in_manifest(manifest)
    assert found["spec"]["templates"][0]["container"]["image"] == "r.example/py:3.11"
    assert found["spec"]["templates"][0]["container"]["args"] == ["image", "python"]
    assert found["spec"]["templates"][1]["script"]["image"] == "r.example/lib/busybox"
    assert found["spec"]["image"] == {"value": "python"}
    assert manifest["spec"]["templates"][0]["container"]["image"] == "python:3.11"
