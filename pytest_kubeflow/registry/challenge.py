"""Challenge: what a registry's 401 asks for, and the token that is fetched for it.

Source: distribution/distribution docs, "Token Authentication Specification"; RFC 9110, 11.6.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` in lower case ("basic", "bearer"), with its parameters."""

    scheme: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> Challenge | None:
        """Read the header WWW-Authenticate; None where it has no scheme that we know."""
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() not in {"basic", "bearer"}:
            return None
        pairs = [one for one in parse_http_list(rest) if "=" in one]
        return cls(scheme.lower(), parse_keqv_list(pairs))

    @property
    def realm(self) -> str:
        """Where a token is had."""
        return self.parameters.get("realm", "")

    @property
    def query(self) -> dict[str, str]:
        """What a token is asked for with."""
        return {key: self.parameters[key] for key in ("service", "scope") if key in self.parameters}
