"""ImageSettings: images of our own, where images come from, where tests push some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.config.imagemirror import ImageMirror
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.redaction import Secret


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Container images: one's own, where they are taken from, and where tests push some."""

    own: tuple[ImageReference, ...] = ()
    """Those that the suite of images runs components in."""

    imports: tuple[str, ...] = ()
    """Python modules that each of them has to have."""

    mirrors: tuple[ImageMirror, ...] = ()
    """What images are taken from instead; it has been applied to all that is configured."""

    environment: tuple[KeyValue, ...] = ()
    """Variables for all components of pipelines."""

    authority: str | None = None
    """The ConfigMap with certificates that they trust."""

    offline: bool = False
    """Whether components install nothing."""

    registry: str | None = None
    """A registry, or a folder of one, that tests push images to."""

    username: str | None = None
    """Who we are there."""

    password: Secret | None = None
    """The password there."""

    auth_file: Path | None = None
    """A file with logins at registries, as docker login writes it."""
