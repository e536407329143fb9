"""Credentials: one way to be allowed at the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

YOUNG = 30.0
"""Seconds in which credentials count as new: if those are refused, others will be as well."""


class Credentials(Protocol):
    """Gives the headers for each request. Ask again for each: tokens are renewed.

    `headers` may log in or read a file, and raises AuthenticationError or ConfigurationError if
    that does not work. It is safe to call from several threads.
    """

    @property
    def description(self) -> str:
        """What it is, for people: "the token in /run/token"."""

    @property
    def user(self) -> str | None:
        """The user id that the gateway will put into `kubeflow-userid`; None if not known."""

    def headers(self) -> Mapping[str, str]:
        """`Authorization`, or `Cookie`, or none."""

    def renew(self, refused: Mapping[str, str], /) -> bool:
        """Called when the gateway has refused these headers: whether the next are others.

        False where there are no others to be had, or where these are as good as new.
        """
