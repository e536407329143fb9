"""Which registry a name of an image leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.kubelet.images.name import ImageName

DIGEST = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("python", ("docker.io", "library/python", "latest")),
        ("me/tool:1", ("docker.io", "me/tool", "1")),
        ("127.0.0.1:5000/a/b:1", ("127.0.0.1:5000", "a/b", "1")),
        (f"localhost/a:1@{DIGEST}", ("localhost", "a", DIGEST)),
        ("registry.localhost:5/a", ("registry.localhost:5", "a", "latest")),
        ("[::1]:5/a", ("[::1]:5", "a", "latest")),
    ],
)
def test_parts(text: str, parts: tuple[str, str, str]) -> None:
    found = ImageName.parse(text)
    assert found is not None
    assert (found.registry, found.repository, found.version) == parts


@pytest.mark.parametrize(
    "text", ["", "A", "a:", "a@sha256:1", "a//b", "/a", "a b", "127.0.0.1:5/A"]
)
def test_what_is_no_name(text: str) -> None:
    assert ImageName.parse(text) is None


@pytest.mark.parametrize(
    ("registry", "by_http", "asked"),
    [
        ("127.0.0.1:5", True, True),
        ("127.9.9.9", True, True),
        ("localhost:5", True, True),
        ("[::1]:5", True, True),
        ("registry.localhost:5", False, True),
        ("10.0.0.1:5", False, False),
        ("quay.io", False, False),
    ],
)
def test_registries_of_this_machine(registry: str, *, by_http: bool, asked: bool) -> None:
    found = ImageName.parse(f"{registry}/a")
    assert found is not None
    assert (found.is_on_loopback, found.is_on_this_machine) == (by_http, asked)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none(text: str) -> None:
    found = ImageName.parse(text)
    if found is not None:
        assert ImageName.parse(found.by_digest(DIGEST)) is not None
