"""ImageList: the images of a session, each with those who need it, and what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.config.imagereference import ImageReference

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image, and what it is for: "components", "the launcher of components".

    `named_by` is the object of the cluster that names it; empty: tests and settings do, so that
    --kf-image-mirror is applied to it.
    """

    image: str
    purpose: str
    named_by: str = ""


@dataclass(frozen=True, slots=True)
class UnknownUse:
    """An image that is pulled and whose name is not known, and why."""

    purpose: str
    reason: str


class ImageList:
    """Collects uses. `mirrors` are applied to images that the cluster does not name."""

    def __init__(self, mirrors: ImageMirrors | None = None) -> None:
        self._mirrors = mirrors or ImageMirrors()
        self._uses: defaultdict[str, dict[ImageUse, list[str]]] = defaultdict(dict)
        self._unknown: dict[UnknownUse, list[str]] = {}

    def add(self, uses: Iterable[ImageUse | UnknownUse], test: str) -> None:
        """Take note that a test needs these."""
        for use in uses:
            if isinstance(use, UnknownUse):
                self._unknown.setdefault(use, []).append(test)
                continue
            image = use.image if use.named_by else self._mirrors.of(use.image)
            self._uses[image].setdefault(use, []).append(test)

    @property
    def images(self) -> list[str]:
        """Their names, as pods ask for them."""
        return sorted(self._uses)

    @property
    def unknown(self) -> list[UnknownUse]:
        """What is not known."""
        return list(self._unknown)

    def lines(self, digests: Mapping[str, str], *, verbose: bool = False) -> Iterator[str]:
        """For people: each image on a line of its own, what is known of it below, indented.

        `digests` are those that are known, by the names that `known_as` gives.
        """
        for image in self.images:
            yield image
            digest = digests.get(known_as(image))
            if digest is not None:
                yield f"    digest  {digest}"
            for use, tests in self._uses[image].items():
                yield f"    for     {use.purpose}: {_described(tests, verbose=verbose)}"
                if use.image != image:
                    yield f"    instead of {use.image} (--kf-image-mirror)"
                elif use.named_by:
                    mirrored = self._mirrors.of(image) != image
                    note = ", which no --kf-image-mirror changes" if mirrored else ""
                    yield f"    named by {use.named_by}{note}"
        for unknown, tests in self._unknown.items():
            message = _described(tests, verbose=verbose)
            yield f"not known: {unknown.purpose}: {unknown.reason} ({message})"


def known_as(image: str) -> str:
    """The name of an image in full, by which nodes know it; as it is if it is none."""
    try:
        reference = ImageReference.parse(image)
    except ValueError:
        return image
    if reference.tag is None and reference.digest is None:
        return f"{reference}:latest"
    return str(reference)


def _described(tests: list[str], *, verbose: bool) -> str:
    """Who they are: all of them, or how many and the first files."""
    found = list(dict.fromkeys(tests))
    if verbose or len(found) == 1:
        return ", ".join(found)
    files = list(dict.fromkeys(test.partition("::")[0] for test in found))
    more = f" and {len(files) - _SHOWN} more files" if len(files) > _SHOWN else ""
    return f"{len(found)} tests of {', '.join(files[:_SHOWN])}{more}"
