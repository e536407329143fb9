"""Images that were pushed a moment ago: by digest, by a tag that moves, with kfp in them."""

import importlib.util
import secrets
from pathlib import Path

import pytest

from pytest_kubeflow import ImageMaker, PipelineRunner

from .conftest import Facts, Ran
from .pipelines import MARK, counting, looking

pytestmark = pytest.mark.kf_images()

PLACE = "/opt/kf-packages"


def _here(module: str) -> Path:
    """Where a module lies on this machine."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin)
    return path.parent if path.name == "__init__.py" else path


@pytest.fixture
def pull_secrets(image_pull_secret: str | None) -> tuple[str, ...]:
    """What components need for images of that registry."""
    return (image_pull_secret,) if image_pull_secret else ()


def test_a_python_component_needs_no_index_where_its_image_has_kfp(
    pushed_image: ImageMaker, pull_secrets: tuple[str, ...], run_pipeline: PipelineRunner
) -> None:
    """A Python component in an image with kfp installs nothing.

    Kfp of this machine is put into an image; nothing is installed then.
    """
    extensions = _here("typing_extensions")
    image = pushed_image(
        {f"{PLACE}/kfp": _here("kfp"), f"{PLACE}/{extensions.name}": extensions},
        environment={"PYTHONPATH": PLACE},
    )
    pipeline = counting(str(image), pull_secrets, has_kfp=True)
    run = run_pipeline(pipeline, arguments={"number": 41})
    assert run.outputs["Output"] == 42
    log = run.task("count").log()
    assert "pip install" not in log, f"a package was installed in {image}: {log[-500:]}"


def test_a_digest_is_that_image_whatever_else_has_its_name(
    pushed_image: ImageMaker, pull_secrets: tuple[str, ...], run_pipeline: PipelineRunner, ran: Ran
) -> None:
    """An image that is named by digest is the one that runs."""
    old, new = secrets.token_hex(8), secrets.token_hex(8)
    first = pushed_image({MARK: old})
    second = pushed_image({MARK: new}, name=first.reference.repository, tag="2")
    for image, name, mark in (
        (second, second.by_tag, new),
        (first, str(first), old),
        (second, str(second), new),
    ):
        run = run_pipeline(looking(name, pull_secrets))
        found = ran(run, name)
        message = f"another image ran than was asked for: {found}, not {image.digest}"
        assert found.digest == image.digest, message
        seen = Facts.of(run).content
        assert seen == mark, f"{name} was asked for, and what ran has {seen!r}, not {mark!r} in it"


def test_a_tag_that_has_moved_is_noticed(
    pushed_image: ImageMaker, pull_secrets: tuple[str, ...], run_pipeline: PipelineRunner, ran: Ran
) -> None:
    """With imagePullPolicy Always, a tag that has moved gives its new image.

    IfNotPresent runs what a node has under that tag, and says which that is; Always asks.
    """
    marks: dict[str, str] = {}
    first = pushed_image({MARK: (mark := secrets.token_hex(8))})
    marks[first.digest] = mark
    tag = first.by_tag
    run = run_pipeline(looking(tag, pull_secrets, policy="IfNotPresent"))
    assert ran(run, tag).digest == first.digest
    second = pushed_image({MARK: (mark := secrets.token_hex(8))}, name=first.reference.repository)
    marks[second.digest] = mark
    run = run_pipeline(looking(tag, pull_secrets, policy="IfNotPresent"))
    found, seen = ran(run, tag), Facts.of(run).content
    assert marks.get(found.digest) == seen, f"{found} ran, and what is in it is of another image"
    run = run_pipeline(looking(tag, pull_secrets, policy="Always"))
    found = ran(run, tag)
    message = f"{tag} has moved to {second.digest}, and with imagePullPolicy Always {found} ran"
    assert found.digest == second.digest, message
    assert Facts.of(run).content == marks[second.digest]
