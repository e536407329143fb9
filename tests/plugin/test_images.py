"""`pytest --kf-images` without a cluster: what markers and modules of tests say."""

from __future__ import annotations

import re

import pytest

pytest_plugins = ["pytester"]

PIPELINES = """
from kfp import dsl


@dsl.component(base_image="quay.io/me/tool:1")
def told() -> int:
    return 1


@dsl.component
def plain() -> int:
    return 1


@dsl.pipeline
def choosing(image: str):
    told().set_container_image(image)
"""
TESTS = """
import pytest
from kfp import dsl
from more import choosing, plain, told


@dsl.pipeline
def declared():
    plain()


@pytest.mark.kf_pipeline(declared)
def test_declared(pipeline_run): ...


@pytest.mark.kf_images("--kf-gpu-image", ("--kf-notebook-image", "busybox"))
def test_marked(run_pipeline): ...


@pytest.mark.skip
def test_skipped(seeded_pvc): ...


@pytest.mark.kf_slow
def test_slow(seeded_pvc): ...
"""


def lines(pytester: pytest.Pytester, tests: str, *options: str) -> list[str]:
    """What is listed."""
    pytester.makepyfile(more=PIPELINES, test_it=tests)
    done = pytester.runpytest_subprocess("--kf-images", "-v", *options, "test_it.py")
    assert done.ret == 0, done.stdout.str() + done.stderr.str()
    return done.stdout.str().splitlines()


def test_what_markers_say(pytester: pytest.Pytester) -> None:
    found = lines(pytester, TESTS, "--kf-gpu-image=r.example/cuda:12")
    images = [one for one in found if re.fullmatch(r"[a-z0-9.]+(/\w+)*(:[\w.]+)?", one)]
    assert images == ["busybox", "python:3.11", "r.example/cuda:12"]
    assert "    for     the test itself: test_it.py::test_marked" in found
    assert "    for     components: test_it.py::test_declared" in found
    assert any(
        one.startswith("3 images for 2 selected tests, 1 not known; 2 more") for one in found
    )
    assert not any("untested" in one for one in found)


def test_what_modules_say(pytester: pytest.Pytester) -> None:
    tests = "from more import choosing, told\n\ndef test_by_hand(run_pipeline): ...\n"
    found = lines(pytester, tests, "--kf-image-mirror=quay.io=r.example/q")
    assert "r.example/q/me/tool:1" in found
    assert "    instead of quay.io/me/tool:1 (--kf-image-mirror)" in found
    (unknown,) = (one for one in found if one.startswith("not known: components"))
    assert unknown == (
        "not known: components: the image of told in pipeline choosing is a parameter: "
        "{{$.inputs.parameters['pipelinechannel--image']}} (test_it.py::test_by_hand)"
    )


def test_a_test_without_pipelines(pytester: pytest.Pytester) -> None:
    found = lines(pytester, "def test_by_hand(run_pipeline): ...\n")
    assert (
        "not known: components: it takes run_pipeline, and its modules have no pipeline: name "
        "images with the marker kf_images (test_it.py::test_by_hand)"
    ) in found


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("kf_images(algorithm=['grid'])", "the marker kf_images has no 'algorithm'; it takes"),
        ("kf_images('--kf-nothing')", "--kf-nothing in the marker kf_images is no option"),
        ("kf_images(1)", "1 in the marker kf_images is no image"),
        ("kf_images('A b')", "'A b' in the marker kf_images is no image ('library/A b': the name"),
    ],
)
def test_markers_that_are_none(pytester: pytest.Pytester, marker: str, message: str) -> None:
    test = f"import pytest\n\n@pytest.mark.{marker}\ndef test_it(kf_config): ...\n"
    pytester.makepyfile(test_it=test)
    done = pytester.runpytest_subprocess("--kf-images", "test_it.py")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (one for one in done.stderr.str().splitlines() if one.startswith("ERROR"))
    assert message in line
