"""ImageMirror: where images are taken from instead, as people write it: `OLD=NEW`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_kubeflow.config.imagereference import DOCKER_HUB, ImageReference, is_registry

T = TypeVar("T")

_REGISTRY = re.compile(r"localhost|[^:]+\.[^:]+|[^:]+:\d{4,5}|[^:]+\.[^:]+:\d+")
"""What alone is no image: `python:22` is one with a tag, `registry:5000` is not."""


@dataclass(frozen=True, slots=True)
class ImageMirror:
    """What begins with `old`, a registry, a folder in one or an image, is taken from `new`."""

    old: str
    new: str

    @classmethod
    def parse(cls, text: str) -> ImageMirror:
        """Read `docker.io=registry.example/hub`. Raises ValueError that says what is wrong."""
        old, equals, new = (part.strip() for part in text.partition("="))
        if not equals or not old or not new:
            raise ValueError(f"{text!r} is not OLD=NEW")
        return cls(_prefix(old), _prefix(new))

    def __str__(self) -> str:
        return f"{self.old}={self.new}"


class ImageMirrors:
    """All mirrors of a session. An image is taken from the one whose `old` says most of it."""

    def __init__(self, mirrors: Iterable[ImageMirror] = ()) -> None:
        self._mirrors = sorted(mirrors, key=lambda one: len(one.old), reverse=True)

    def __bool__(self) -> bool:
        return bool(self._mirrors)

    def never_applied(self) -> tuple[ImageMirror, ImageMirror] | None:
        """One that no image is taken from, and the one that is why: it leads to there.

        What is a mirror's already stays as it is, so that mirrors make neither chains nor circles.
        """
        for one in self._mirrors:
            for other in self._mirrors:
                if _begins(one.old, other.new):
                    return one, other
        return None

    def of(self, image: str) -> str:
        """The name under which `image` is pulled: its own where no mirror has it.

        What is a mirror's already stays as it is. What is no name of an image (an expression of a
        template, say) stays too: the cluster has its own words for that.
        """
        if not self._mirrors:
            return image
        try:
            reference = ImageReference.parse(image)
        except ValueError:
            return image
        if any(_begins(reference.name, mirror.new) for mirror in self._mirrors):
            return image
        for mirror in self._mirrors:
            for old in (mirror.old, *_also_called(mirror.old)):
                if _begins(reference.name, old):
                    return f"{mirror.new}{str(reference).removeprefix(old)}"
        return image

    def in_manifest(self, manifest: T) -> T:
        """An object of Kubernetes with the images of all containers in it, wherever they stand.

        Of images alone: what else is called `image` has other values than names.
        """
        found: T = images_replaced(manifest, self.of) if self._mirrors else manifest
        return found


def images_replaced(manifest: Any, named: Callable[[str], str]) -> Any:
    """The same with each text that is called `image`, at any depth, replaced by `named` of it."""
    if isinstance(manifest, list):
        return [images_replaced(one, named) for one in manifest]
    if not isinstance(manifest, Mapping):
        return manifest
    return {
        key: named(value)
        if key == "image" and isinstance(value, str)
        else images_replaced(value, named)
        for key, value in manifest.items()
    }


def _prefix(text: str) -> str:
    """The beginning of names in full: a registry, a folder of one, or the name of an image."""
    first, slash, _ = text.partition("/")
    names_registry = is_registry(first) if slash else _REGISTRY.fullmatch(text) is not None
    if names_registry:
        # Two more parts, as with one alone on Docker Hub `library` would be put before it.
        return ImageReference.parse(f"{text}/any/any").name.removesuffix("/any/any")
    reference = ImageReference.parse(text)
    if reference.tag or reference.digest:
        raise ValueError(f"{text!r} has a tag or a digest: a mirror is for all of an image")
    return reference.name


def _also_called(prefix: str) -> tuple[str, ...]:
    """The image of Docker Hub's own that a name is short for, if it is no folder: of `docker.io/a`.

    What is in a folder of that name begins with it all the same.
    """
    registry, _, rest = prefix.partition("/")
    is_short = registry == DOCKER_HUB and rest and "/" not in rest
    return (f"{DOCKER_HUB}/library/{rest}",) if is_short else ()


def _begins(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}/")
