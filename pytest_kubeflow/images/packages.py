"""The images of compiled pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.images.imagelist import ImageUse, UnknownUse
from pytest_kubeflow.pipelines.packages.package import Package

COMPONENTS = "components"
_STUBS = "argostub/"
"""Images of tasks that the driver does itself: claims are made and deleted by it."""


def uses_of(package: Package) -> Iterator[ImageUse | UnknownUse]:
    """What the tasks of a pipeline run in."""
    for name, image in package.images().items():
        if image.startswith(_STUBS):
            continue
        if "{{" in image:
            task = name.removeprefix("exec-")
            reason = f"the image of {task} in pipeline {package.name} is a parameter: {image}"
            yield UnknownUse(COMPONENTS, reason)
        else:
            yield ImageUse(image, COMPONENTS)
