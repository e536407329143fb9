"""ImageName: the parts of an image's name, with what is left out in it.

Grammar and defaults: distribution/reference, reference.go and normalize.go.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_DOCKER_HUB, _LATEST = "docker.io", "latest"
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_FULL = re.compile(
    r"(?:(?P<registry>[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?)/)?"
    rf"(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ImageName:
    """`registry` with its port; `version` is the digest, the tag, or `latest`."""

    registry: str
    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> ImageName | None:
        """None for what is no name of an image."""
        found = _FULL.fullmatch(text)
        if found is None:
            return None
        registry, repository = found["registry"], found["repository"]
        if registry is not None and not _is_registry(registry):
            registry, repository = None, f"{registry}/{repository}"
        if registry is None:
            registry = _DOCKER_HUB
            repository = repository if "/" in repository else f"library/{repository}"
        return cls(registry, repository, found["digest"] or found["tag"] or _LATEST)

    @property
    def host(self) -> str:
        """The registry without its port."""
        return re.sub(r":\d+$", "", self.registry).strip("[]")

    @property
    def is_on_loopback(self) -> bool:
        """Whether it is asked by http, as containerd does (core/remotes/docker MatchLocalhost)."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_on_this_machine(self) -> bool:
        """Whether nothing outside of this machine is asked for it."""
        return self.is_on_loopback or self.host.endswith(".localhost")

    @property
    def digest(self) -> str | None:
        """The digest that is asked for, if one is."""
        return self.version if self.version.startswith("sha256:") else None

    def by_digest(self, digest: str) -> str:
        """As statuses of containers name it."""
        return f"{self.registry}/{self.repository}@{digest}"


def _is_registry(word: str) -> bool:
    return "." in word or ":" in word or word == "localhost" or word != word.lower()
