"""ImageMaker: pushes images for tests to a registry, remembers them, removes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.errors import ClusterUnreachable, ConfigurationError
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.registry.client import RegistryClient
from pytest_kubeflow.registry.errors import RegistryError
from pytest_kubeflow.registry.logins import RegistryLogins
from pytest_kubeflow.registry.pushing import Files, ImagePusher, PushedImage

FOLDER = "kf-images"
"""Where in the registry they are, besides the folder that was configured."""

_ABSENT = frozenset({401, 403, 404})
"""What registries answer for what they have not; some tell nobody what they have not."""


class ImageMaker:
    """`pushed_image({"/opt/tool.py": "..."})` pushes one; `close` removes what was pushed.

    `place` is a registry, or a folder of one. `base` is what images begin with for which nothing
    else is named: it is looked for in that registry first, which often is a mirror too.
    """

    def __init__(
        self,
        place: str,
        logins: RegistryLogins,
        *,
        base: str,
        mirrors: ImageMirrors,
        ownership: Ownership,
    ) -> None:
        self.registry, self._folder = folder_of(place)
        self._logins = logins
        self._base = base
        self._mirrors = mirrors
        self._ownership = ownership
        self.client = RegistryClient(self.registry, logins.of(self.registry))
        self.made: list[PushedImage] = []

    def __call__(
        self,
        files: Files | None = None,
        *,
        base: str | None = None,
        name: str | None = None,
        tag: str = "1",
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        platform: str | None = None,
    ) -> PushedImage:
        """Push an image: `base` with `files`, by their paths in it; bytes, text, or a Path.

        `name` is that of an image that this has pushed before, whose tag is moved then. `platform`
        is what the image says that it is for, in an index of its own, whatever it is.
        Raises RegistryError, ClusterUnreachable, ConfigurationError.
        """
        repository = name or f"{self._folder}/{self._ownership.name('image')}"
        image = _reference(f"{self.registry}/{repository}:{tag}", "is no image to be pushed")
        wanted = _reference(self._mirrors.of(base or self._base), "is no image to begin with")
        _check(environment or {}, user, platform)
        source, found = self._source(wanted)
        made = ImagePusher(self.client).push(
            image,
            base=found,
            source=source,
            files=files,
            environment=environment,
            user=user,
            platform=platform,
        )
        self.made.append(made)
        return made

    def close(self) -> None:
        """Remove the images, where the registry removes any. The first error is raised at the end.

        What they are made of stays until the registry's own clean-up.
        """
        made, self.made = self.made[::-1], []
        digests = dict.fromkeys(
            (one.reference.repository, digest) for one in made for digest in one.digests
        )
        in_turn(partial(self.client.delete, *one) for one in digests)

    def _source(self, base: ImageReference) -> tuple[RegistryClient, ImageReference]:
        """Where a base is: the first place that has it. Raises RegistryError."""
        refusals = []
        for client, image in self._places(base):
            try:
                client.manifest(image)
            except RegistryError as error:
                if error.status not in _ABSENT:
                    raise
                refusals.append(error.message)
            except ClusterUnreachable as error:
                if client is self.client:
                    raise
                refusals.append(error.message)
            else:
                return client, image
        raise RegistryError(
            f"{base}, which images of tests begin with, is not to be had ({'; '.join(refusals)}): "
            "name another with --kf-base-image, or where it is with --kf-image-mirror"
        )

    def _places(self, base: ImageReference) -> Iterator[tuple[RegistryClient, ImageReference]]:
        here = ImageReference(self.registry, base.repository, base.tag, base.digest)
        yield self.client, here
        if base.registry != self.registry:
            yield RegistryClient(base.registry, self._logins.of(base.registry)), base


def folder_of(place: str) -> tuple[str, str]:
    """The registry, and the folder in it that images of tests are pushed to."""
    registry, _, folder = place.partition("/")
    return registry, f"{folder}/{FOLDER}" if folder else FOLDER


def _reference(text: object, wrong: str) -> ImageReference:
    try:
        return ImageReference.parse(str(text))
    except ValueError as error:
        raise ConfigurationError(f"{text} {wrong}: {error}") from None


def _check(environment: object, user: object, platform: object) -> None:
    """What an image's configuration takes: nodes would refuse others when it is begun."""
    if not isinstance(environment, Mapping):
        raise ConfigurationError(
            f"the environment of an image is a dictionary, not a {type(environment).__name__}"
        )
    for name, value in environment.items():
        if not isinstance(name, str) or not isinstance(value, str) or not name or "=" in name:
            raise ConfigurationError(
                f"the environment of an image has {name!r}: {value!r}; names and values are texts, "
                "and no name is empty or has a ="
            )
    if user is not None and not isinstance(user, str):
        raise ConfigurationError(f"user={user!r} of an image is no text: write {str(user)!r}")
    parts = platform.split("/") if isinstance(platform, str) else []
    if platform is not None and (len(parts) not in {2, 3} or not all(parts)):
        raise ConfigurationError(f"platform={platform!r} is none: write it as linux/arm64")
