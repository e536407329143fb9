from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.kubelet import ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.images.catalogue import PACKAGES, split_reference
from pytest_kubeflow.local.kubelet.images.environments import PythonEnvironments


@pytest.fixture
def catalogue(tmp_path: Path) -> ImageCatalogue:
    return ImageCatalogue(environments=PythonEnvironments(tmp_path))


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("python", "python"),
        ("python:3.11", "python"),
        ("python:3.11-slim-bookworm", "python"),
        ("docker.io/library/python:3.9", "python"),
        ("docker.io/python", "python"),
        ("mirror.example.com:5000/proxy/library/python:3.12", "python"),
        (f"python@sha256:{'a' * 64}", "python"),
        ("busybox", "userland"),
        ("docker.io/library/alpine:3.20", "userland"),
        ("ubuntu:24.04", "userland"),
    ],
)
def test_known_images(catalogue: ImageCatalogue, reference: str, kind: str) -> None:
    assert catalogue.resolve(reference).kind == kind


def test_python_image_says_which_interpreter_it_is(catalogue: ImageCatalogue) -> None:
    python = catalogue.environments
    assert catalogue.resolve("python:3.9").id == (
        f"interpreter://{python.executable}@{python.version}"
    )


def test_directory_image(catalogue: ImageCatalogue, tmp_path: Path) -> None:
    catalogue.register("ghcr.io/kubeflow/kfp-launcher", tmp_path)
    image = catalogue.resolve("ghcr.io/kubeflow/kfp-launcher:2.17.0")
    assert (image.kind, image.directory) == ("directory", tmp_path)


def test_unknown_image_says_what_there_is(catalogue: ImageCatalogue) -> None:
    with pytest.raises(ImageUnknown) as caught:
        catalogue.resolve("registry.example.com/team/model:1")
    message = str(caught.value)
    assert "registry.example.com/team/model:1" in message
    assert "python (any tag), busybox, alpine" in message


@pytest.mark.parametrize("reference", ["", "Not an image", "python:", "a//b", "python:ü", ":1"])
def test_malformed_reference(catalogue: ImageCatalogue, reference: str) -> None:
    with pytest.raises(ImageUnknown, match="invalid reference format"):
        catalogue.resolve(reference)


def test_registering_what_is_not_there(catalogue: ImageCatalogue, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a directory"):
        catalogue.register("name", tmp_path / "missing")


NAME = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True)


@given(
    st.sampled_from(["", "docker.io/", "localhost:5000/", "a.b/c/"]),
    NAME,
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
)
def test_reference_is_split_where_it_was_joined(prefix: str, name: str, tag: str) -> None:
    assert split_reference(f"{prefix}{name}:{tag}") == (prefix + name, tag)
    assert split_reference(prefix + name) == (prefix + name, None)


def test_a_program_sees_the_packages_that_it_needs(
    catalogue: ImageCatalogue, tmp_path: Path
) -> None:
    packages = {"pytest": "pytest", "no_such_module": "no-such-distribution"}
    catalogue.register("team/server", tmp_path, entrypoint=["run"], packages={"pytest": "pytest"})
    image = catalogue.resolve("docker.io/team/server:v1")
    (directory,) = image.packages
    assert (directory / "pytest/__init__.py").is_file()
    assert image.env["PYTHONPATH"] == f"/:{PACKAGES}/0"
    assert image.entrypoint == ("run",)

    catalogue.register("team/server", tmp_path, packages=packages)
    with pytest.raises(ImageUnknown, match="pip install no-such-distribution"):
        catalogue.resolve("team/server:v1")
