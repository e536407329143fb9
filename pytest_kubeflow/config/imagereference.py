"""ImageReference: the name of a container image, in full: `registry/repository:tag@digest`.

Grammar and defaults: distribution/reference, reference.go and normalize.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

DOCKER_HUB = "docker.io"
_LIBRARY = "library/"
_LATEST = "latest"

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]{{1,5}})?", re.ASCII
)
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image's name with nothing left out but the tag: `registry` is never empty."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a name as people write it: `python` is docker.io/library/python.

        Raises ValueError that says which part is wrong.
        """
        rest, at, digest = text.partition("@")
        if at and not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no digest: sha256: and 64 hexadecimal digits")
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        if colon and not _TAG.fullmatch(tag):
            raise ValueError(f"{tag!r} is no tag: at most 128 letters, digits, '_', '.' and '-'")
        name = f"{head}{slash}{last}"
        registry, repository = _split(name)
        if repository != repository.lower():
            raise ValueError(f"{repository!r}: the name of a repository must be in lower case")
        if not _REGISTRY.fullmatch(registry) or not _REPOSITORY.fullmatch(repository):
            raise ValueError(f"{text!r} is no name of an image")
        if len(f"{registry}/{repository}") > _LONGEST:
            raise ValueError(f"{text[:40]!r}... is longer than {_LONGEST} characters")
        return cls(registry, repository, tag or None, digest or None)

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def version(self) -> str:
        """What of it is asked for: the digest if there is one, else the tag, else `latest`."""
        return self.digest or self.tag or _LATEST

    def at(self, digest: str) -> ImageReference:
        """The same image by its digest."""
        return replace(self, tag=None, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def is_registry(word: str) -> bool:
    """Whether the first part of a name is a registry: it has a dot, a port, or is localhost."""
    return "." in word or ":" in word or word == "localhost" or word != word.lower()


def is_loopback(registry: str) -> bool:
    """Whether a registry is on the machine that asks: container runtimes speak http to it."""
    host = registry.rpartition(":")[0] if re.search(r":\d+$", registry) else registry
    return host in {"localhost", "[::1]"} or host.startswith("127.")


def _split(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and is_registry(first):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, name
    if registry in {"index.docker.io", DOCKER_HUB}:
        registry = DOCKER_HUB
        repository = repository if "/" in repository else f"{_LIBRARY}{repository}"
    return registry, repository
